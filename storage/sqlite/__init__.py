"""The embedded archive: one SQLite file in WAL mode, many readers, one writer at a time.

What lies where (``schema.py`` has the tables):

- *Blocks* hold the original octets, many messages compressed together; a message row says which block, and where in it.
  A message whose line ends are all LF lies there with CRLF, as it is served; exported, it gets its LF back.
- *Pages* hold the rows of a rendition for a run of numbers, compressed.
- *Nodes* hold the threads, a list's messages and ghosts by Message-ID.
- *Segments* hold the full-text index: the terms of some of a list's messages, and which have them.
- *Copies* hold which messages carry the same Message-ID in other lists; sparse.

Every batch is one transaction with ``synchronous=FULL``: a number that anybody may have seen is on disk.
"""

from storage.sqlite.read import SqliteArchive
from storage.sqlite.write import SqliteWriter

__all__ = ["SqliteArchive", "SqliteWriter"]
