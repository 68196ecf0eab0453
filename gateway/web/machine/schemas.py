"""What is in each document: JSON Schema (2020-12), as OpenAPI 3.1 takes it.

What a document has is always there; where there may be nothing, that is null. More may be added without a new version.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.web.machine.documents import VERSION

__all__ = ["SCHEMAS", "reference"]

Schema = dict[str, Any]


def reference(name: str) -> Schema:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, **more: object) -> Schema:
    return {"type": "string", "description": description, **more}


def _count(description: str, least: int = 0) -> Schema:
    return {"type": "integer", "minimum": least, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _time(description: str) -> Schema:
    return _text(description, format="date-time")


def _url(description: str) -> Schema:
    return _text(f"{description}, relative to this document's", format="uri-reference", minLength=1)


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _many(of: Schema, description: str) -> Schema:
    return {"type": "array", "items": of, "description": description}


def _object(description: str, /, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


_VERSION: Final[Schema] = {
    "type": "integer",
    "const": VERSION,
    "description": "Grows only if something changes its meaning or goes",
}
_ID: Final = _text("A Message-ID without its angle brackets", minLength=3)
_ID_OR_NULL: Final = _or_null({**_ID, "description": "A Message-ID; null where it is hidden"})
_NAME: Final = _text("A list's name", pattern=r"^[A-Za-z0-9+_.-]+$", maxLength=200)
_MONTH: Final = _text("A month", pattern="^[0-9]{4}-[0-9]{2}$")
_DAY: Final = _text("The day on which the list received the message, in UTC", format="date")
_PLACE: Final = _count("Which of that day's it is, for ever", 1)
_NUMBER: Final = _count("The message's number in the list: article number, UID, for ever", 1)

_LIST: Final[dict[str, Schema]] = {
    "name": _NAME,
    "description": _text("What the list is for"),
    "address": _text("Where to write to"),
    "count": _count("How many messages are shown"),
    "low": _count("No number is lower"),
    "high": _count("The last number given; it never falls"),
    "validity": _count("Numbers mean what they meant while this stays"),
    "revision": _count("Grows with every change of the list"),
}
_MESSAGE: Final[dict[str, Schema]] = {
    "number": _NUMBER,
    "message_id": _ID,
    "subject": _text("The subject, decoded"),
    "from": _object(
        "Who wrote it",
        name=_text("The name, decoded; empty if there is none"),
        address=_text("The address; shortened where addresses are"),
    ),
    "sent": _time("When it was sent, in the zone that was written; else when it was received"),
    "attachments": _count("How many parts there are besides the text"),
    "is_patch": _flag("Whether there is a patch in it"),
    "url": _url("The address of its web page, for ever"),
}
_DATED: Final[dict[str, Schema]] = {**_MESSAGE, "day": _DAY, "place": _PLACE}


def _listed(description: str, /, **more: Schema) -> Schema:
    return _object(
        description,
        **_LIST,
        url=_url("The address of its web page"),
        document=_url("The address of the document about it"),
        feed=_url("The address of the feed of its newest messages"),
        search=_url("The address of documents of searches, without a query"),
        **more,
    )


SCHEMAS: Final[dict[str, Schema]] = {
    "Message": _object("A message, as listings show it", **_MESSAGE),
    "List": _listed("A list"),
    "Lists": _object(
        "All lists",
        version=_VERSION,
        title=_text("What the archive is called"),
        lists=_many(reference("List"), "By name"),
    ),
    "OneList": _listed(
        "A list, when it was written to, and what came last",
        version=_VERSION,
        created=_time("When the archive took it up"),
        months=_many(
            _object(
                "A month in which the list received messages",
                month=_MONTH,
                count=_count("How many", 1),
                url=_url("The address of its web page"),
                document=_url("The address of the document about it"),
                mailbox=_url("The address of its messages as a mailbox"),
            ),
            "The newest first",
        ),
        latest=_many(reference("Message"), "The newest first"),
    ),
    "OneMessage": _object(
        "All of a message but its octets",
        version=_VERSION,
        list=_NAME,
        **_DATED,
        received=_time("When the list received it"),
        arrived=_time("When the archive took it"),
        size=_count("Octets of the message as NNTP and IMAP serve it"),
        lines=_count("Lines of its body"),
        fidelity=_text(
            "How near it comes to what was sent: made of a web page, of an archive's text, or as it was",
            enum=["page", "text", "full"],
        ),
        references=_many(_ID, "The messages that it refers to, the oldest first"),
        thread=_object(
            "Where it stands in its thread",
            root=_ID_OR_NULL,
            parent=_or_null(_text("The Message-ID of what it answers, if that is not hidden")),
            depth=_count("How many answers deep"),
            position=_count("Which it is, depth first", 1),
            count=_count("How many there are, those included that never came", 1),
            url=_url("The address of the thread's web page, at this message"),
            document=_url("The address of the document about it"),
        ),
        headers=_many(
            _object(
                "A field",
                name=_text("As it is written; empty for lines that are no field"),
                value=_text("Unfolded and decoded"),
            ),
            "The header fields in their order",
        ),
        text=_text("What it says, decoded: the plain text, or what the HTML says"),
        left_out=_count("Octets of text that are too many for this document"),
        attached=_many(
            _object(
                "A part that can be fetched on its own",
                name=_text("A safe name for a file"),
                type=_text("The media type as it was declared"),
                size=_count("Octets, decoded"),
                url=_url("The address of it"),
            ),
            "The attachments by number",
        ),
        elsewhere=_many(
            _object(
                "Another list that has this message",
                list=_NAME,
                number=_NUMBER,
                url=_url("The address of its web page there"),
            ),
            "By name",
        ),
        raw=_url("The address of its octets"),
        placed=_url("The address of its web page by day and place"),
    ),
    "Thread": _object(
        "A thread",
        version=_VERSION,
        list=_NAME,
        count=_count("How many of its messages are there"),
        root=_ID_OR_NULL,
        url=_url("The address of its web page"),
        mailbox=_url("The address of its messages as a mailbox"),
        feed=_url("The address of the feed of its newest messages"),
        messages=_many(
            _object(
                "A place in the thread",
                depth=_count("How many answers deep"),
                message_id=_ID_OR_NULL,
                message={"anyOf": [reference("Message"), {"type": "null"}]},
            ),
            "Depth first, siblings by the time they were sent; message is null where it never came or is hidden",
        ),
    ),
    "Month": _object(
        "A month of a list",
        version=_VERSION,
        list=_NAME,
        month=_MONTH,
        count=_count("How many messages it has"),
        url=_url("The address of its web page"),
        mailbox=_url("The address of its messages as a mailbox"),
        messages=_many(
            _object("A message with its place", **_DATED), "By day, and by place within it"
        ),
    ),
    "Search": _object(
        "What a search finds",
        version=_VERSION,
        query=_text("What was looked for"),
        sort=_text("How the results are sorted", enum=["newest", "best"]),
        is_complete=_flag("Whether these are all"),
        searched_since=_or_null(
            _time("Where time ran out: all that was received since then was looked at")
        ),
        next=_or_null(_url("The address of the results that follow")),
        url=_url("The address of the web page of results"),
        mailbox=_url("The address of all results as a mailbox"),
        feed=_url("The address of the feed of the newest results"),
        messages=_many(
            _object("A message with its list", list=_NAME, **_MESSAGE), "In the order asked for"
        ),
    ),
    "Manifest": _object(
        "What mirrors read: each list as NNTP and IMAP have it",
        version=_VERSION,
        lists=_many(
            _object(
                "A list",
                **{**_LIST, "count": _count("How many messages there are")},
                octets=_count("The octets of its messages"),
                created=_time("When the archive took it up"),
                last_activity=_or_null(_time("When it last received a message")),
                twin_of=_or_null(_text("The list elsewhere that this one is a twin of")),
                url=_url("The address of its web page"),
            ),
            "By name",
        ),
    ),
    "Problem": _object(
        "Why there is no such document (RFC 9457)",
        version=_VERSION,
        title=_text("What the status means"),
        status={"type": "integer", "minimum": 400, "maximum": 599, "description": "The status"},
        detail=_text("What to tell a person"),
    ),
}
