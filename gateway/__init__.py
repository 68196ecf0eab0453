"""The faces of the archive: NNTP newsgroups, IMAP folders, the web. May import ``storage``."""

__version__ = "0.4.0"
