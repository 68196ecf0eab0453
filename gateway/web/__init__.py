"""The web archive: server-rendered pages, feeds and documents over the archive, without scripts and without cookies."""
