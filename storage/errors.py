"""What can go wrong with an archive, named for what happened."""

__all__ = [
    "ArchiveError",
    "ArchiveUnavailable",
    "BadListName",
    "NoSuchList",
    "NoSuchMessage",
    "SourceError",
]


class ArchiveError(Exception):
    """Anything an archive refuses; the text is for the operator, never for a client."""


class ArchiveUnavailable(ArchiveError):
    """The archive cannot be read or written now: damaged, locked, full, or of a newer version."""


class BadListName(ArchiveError):
    """The name cannot be a newsgroup's and a mailbox's name."""


class NoSuchList(ArchiveError):
    """No list has this name."""


class NoSuchMessage(ArchiveError):
    """The list has no message with this number: never had, or it was removed."""


class SourceError(ArchiveError):
    """A source cannot be read: its text names the file, the position where known, and the remedy."""
