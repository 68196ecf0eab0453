"""What can go wrong with an archive, named for what happened."""

__all__ = [
    "ArchiveDamaged",
    "ArchiveError",
    "ArchiveUnavailable",
    "BadListName",
    "IsTwin",
    "NoSuchList",
    "NoSuchMessage",
    "NotEmpty",
    "Removed",
    "SourceError",
]


class ArchiveError(Exception):
    """Anything an archive refuses; the text is for the operator, never for a client."""


class ArchiveUnavailable(ArchiveError):
    """The archive cannot be read or written now: damaged, locked, full, or of a newer version."""


class ArchiveDamaged(ArchiveUnavailable):
    """Some octets of the archive are not what was written; asking again does not help."""


class BadListName(ArchiveError):
    """The name cannot be a newsgroup's and a mailbox's name."""


class IsTwin(ArchiveError):
    """The list is another's twin: it changes as that one does, and in no other way."""

    def __init__(self, name: str, origin: str) -> None:
        super().__init__(
            f"{name} is a twin of {origin} and changes with it only; "
            f"to make it a list of its own run 'listgate mirror remove {name} {origin}'"
        )


class NoSuchList(ArchiveError):
    """No list has this name."""


class NoSuchMessage(ArchiveError):
    """The list has no message with this number: never had, or it was removed."""


class Removed(NoSuchMessage):
    """There was a message where one was asked for, and it was removed."""


class NotEmpty(ArchiveError):
    """The list has messages, and only one without can become what was asked for."""

    def __init__(self, name: str, origin: str) -> None:
        super().__init__(
            f"{name} has messages of its own, and cannot become a twin of {origin}: mirror that under another name"
        )


class SourceError(ArchiveError):
    """A source cannot be read: its text names the file, the position where known, and the remedy."""
