"""The description of all that is here for programs. OpenAPI 3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import gateway
from gateway.web.answers import Answer
from gateway.web.machine.atom import ATOM
from gateway.web.machine.documents import JSON, as_json
from gateway.web.machine.mbox import GZIP
from gateway.web.machine.refusals import PROBLEM
from gateway.web.machine.schemas import SCHEMAS, reference
from gateway.web.routes import route
from gateway.web.search.grammar import MAX_QUERY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

__all__ = ["RESOURCES", "Resource", "described"]

DAY: Final = 86_400

HTML: Final = "text/html"
_XML: Final = ATOM.partition(";")[0]


class Resource(NamedTuple):
    """A kind of resource: its path, what it is called, what it is, and the name of its schema or its media type."""

    path: str
    id: str
    summary: str
    of: str

    @property
    def is_document(self) -> bool:
        """Whether it is JSON."""
        return self.path.endswith(".json")


_IN_LIST: Final = "/{name}"
_OF_MESSAGE: Final = "/{name}/m/{id}"
_OF_MONTH: Final = "/{name}/{year}/{month}"

RESOURCES: Final[Sequence[Resource]] = (
    Resource("/lists.json", "lists", "All lists", "Lists"),
    Resource("/manifest.json", "manifest", "What mirrors read of all lists", "Manifest"),
    Resource(f"{_IN_LIST}/list.json", "list", "A list, and what came last", "OneList"),
    Resource(f"{_OF_MONTH}/month.json", "month", "A month of a list", "Month"),
    Resource(f"{_OF_MESSAGE}/message.json", "message", "A message", "OneMessage"),
    Resource(f"{_OF_MESSAGE}/thread.json", "thread", "The thread of a message", "Thread"),
    Resource("/search.json", "search", "What a search finds in all lists", "Search"),
    Resource(f"{_IN_LIST}/search.json", "searchList", "What a search finds in a list", "Search"),
    Resource("/lists.atom", "feed", "The newest messages of all lists", _XML),
    Resource(f"{_IN_LIST}/list.atom", "listFeed", "The newest messages of a list", _XML),
    Resource(f"{_OF_MESSAGE}/thread.atom", "threadFeed", "The newest of a thread", _XML),
    Resource("/search.atom", "searchFeed", "The newest that a search finds", _XML),
    Resource(f"{_IN_LIST}/search.atom", "searchListFeed", "The newest found in a list", _XML),
    Resource(f"{_OF_MONTH}/month.mbox.gz", "monthMailbox", "A month as a mailbox", GZIP),
    Resource(f"{_OF_MESSAGE}/thread.mbox.gz", "threadMailbox", "A thread as a mailbox", GZIP),
    Resource("/search.mbox.gz", "searchMailbox", "What a search finds, as a mailbox", GZIP),
    Resource(f"{_IN_LIST}/search.mbox.gz", "searchListMailbox", "What is found in a list", GZIP),
)

_PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "name": (
        "The name of a list",
        {"type": "string", "pattern": r"^[A-Za-z0-9+_-]+(\.[A-Za-z0-9+_-]+)*$", "maxLength": 200},
    ),
    "id": (
        "A Message-ID without angle brackets; a slash in it is written %2F",
        {"type": "string", "pattern": "^[!-;=?A-~]+@[!-;=?-~]+$", "maxLength": 248},
    ),
    "year": ("A year", {"type": "string", "pattern": "^[0-9]{4}$"}),
    "month": ("A month", {"type": "string", "pattern": "^(0[1-9]|1[0-2])$"}),
}


@route("/openapi.json")
async def openapi(reading: Reading, ask: Ask) -> Answer:
    """Describe all documents, feeds and mailboxes."""
    content = described(reading.settings.title, reading.urls.root)
    return Answer(as_json(content), JSON, max_age=DAY, is_indexed=False)


def described(title: str, root: str) -> dict[str, Any]:
    """Return the description of an archive that is called so, below a path."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": gateway.__version__,
            "description": "Documents beside the web pages of a mailing list archive, to be read only. "
            "Where addresses are shortened on the pages, they are in all that is here.",
        },
        "servers": [{"url": root or "/"}],
        "paths": {each.path: {"get": _operation(each)} for each in RESOURCES},
        "components": {"schemas": SCHEMAS},
    }


def _operation(resource: Resource) -> dict[str, Any]:
    parameters = [_in_path(part[1:-1]) for part in resource.path.split("/") if part[:1] == "{"]
    if "/search." in resource.path:
        parameters += _of_search(resource)
    content: dict[str, Any] = {resource.of: {}}
    if resource.is_document:
        content = {JSON: {"schema": reference(resource.of)}}
    return {
        "operationId": resource.id,
        "summary": resource.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": resource.summary, "content": content, **_links(resource)},
            "301": {"description": "It has another address: see the field Location"},
            "304": {"description": "It is as it was"},
            **_refusals(resource),
        },
    }


def _in_path(name: str) -> dict[str, Any]:
    description, schema = _PARAMETERS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


def _of_search(resource: Resource) -> list[dict[str, Any]]:
    found = [
        {
            "name": "q",
            "in": "query",
            "required": True,
            "description": "What to look for, as /help tells",
            "schema": {"type": "string", "minLength": 1, "maxLength": MAX_QUERY},
        }
    ]
    if resource.is_document:
        found += [
            {
                "name": "sort",
                "in": "query",
                "description": "How to sort the results",
                "schema": {"type": "string", "enum": ["newest", "best"], "default": "newest"},
            },
            {
                "name": "before",
                "in": "query",
                "description": "Where to go on: from the member next of the document before",
                "schema": {"type": "string"},
            },
        ]
    return found


def _refusals(resource: Resource) -> dict[str, Any]:
    """Return what is answered otherwise: a document where one was asked for, else a web page."""
    content: dict[str, Any] = {HTML: {}}
    if resource.is_document:
        content = {PROBLEM: {"schema": reference("Problem")}}
    refusals = {
        "404": "There is no such list or message, or it may not be read",
        "429": "Too many requests: see the field Retry-After",
        "503": "The archive cannot be read just now",
    }
    if "{id}" in resource.path:
        refusals["410"] = "The message was removed, or is hidden"
    if "/search." in resource.path:
        refusals |= {
            "400": "What is looked for is not understood",
            "414": "It is too long to be looked at",
        }
    return {
        status: {
            "description": description,
            "content": {HTML: {}} if status == "414" else content,
        }
        for status, description in refusals.items()
    }


def _links(resource: Resource) -> dict[str, Any]:
    """Return where what a document tells leads to."""
    if resource.id == "lists":
        return {
            "links": {
                "list": {
                    "operationId": "list",
                    "parameters": {"name": "$response.body#/lists/0/name"},
                }
            }
        }
    if resource.id == "list":
        parameters = {"name": "$request.path.name", "id": "$response.body#/latest/0/message_id"}
        return {
            "links": {
                operation: {"operationId": operation, "parameters": parameters}
                for operation in ("message", "thread", "threadFeed", "threadMailbox")
            }
        }
    return {}
