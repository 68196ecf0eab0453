"""Validates a value against a JSON Schema, as far as ours go; what it does not know it does not let pass."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import urlsplit

_TYPES = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_KNOWN = frozenset((
    "$ref", "anyOf", "type", "description", "properties", "required", "items", "const", "enum", "minimum", "maximum",
    "minLength", "maxLength", "pattern", "format", "default",
))  # fmt: skip  # a list of words


def faults(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str = "$") -> list[str]:
    """Return what is wrong with a value; unlike the schema, it also has no members that are not described."""
    unknown = schema.keys() - _KNOWN
    assert not unknown, f"{at}: {unknown}"
    if "$ref" in schema:
        return faults(value, schemas[schema["$ref"].rpartition("/")[2]], schemas, at)
    if "anyOf" in schema:
        found = [faults(value, each, schemas, at) for each in schema["anyOf"]]
        return [] if [] in found else [str(found)]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(type(value) is _TYPES[kind] for kind in kinds):
        return [f"{at}: {value!r} is no {kinds}"]
    wrong = [f"{at}: {value!r} {why}" for why in _limits(value, schema)]
    if isinstance(value, list):
        for place, each in enumerate(value):
            wrong += faults(each, schema["items"], schemas, f"{at}[{place}]")
    if isinstance(value, dict):
        named = schema["properties"]
        wrong += [f"{at}.{name} is missing" for name in schema["required"] if name not in value]
        wrong += [f"{at}.{name} is not described" for name in value if name not in named]
        for name in value.keys() & named.keys():
            wrong += faults(value[name], named[name], schemas, f"{at}.{name}")
    return wrong


def _limits(value: Any, schema: dict[str, Any]) -> list[str]:
    wrong = []
    if "const" in schema and value != schema["const"]:
        wrong.append("is another")
    if "enum" in schema and value not in schema["enum"]:
        wrong.append("is none of them")
    if isinstance(value, int) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    ):
        wrong.append("is out of range")
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            wrong.append("is too short or too long")
        if not re.search(schema.get("pattern", ""), value):
            wrong.append("does not match")
        if "format" in schema and not _is_of(schema["format"], value):
            wrong.append(f"is no {schema['format']}")
    return wrong


def _is_of(form: str, value: str) -> bool:
    try:
        if form == "date-time":
            assert re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", value
            )
            dt.datetime.fromisoformat(value)
        elif form == "date":
            assert dt.date.fromisoformat(value).isoformat() == value
        else:
            assert form == "uri-reference"
            assert re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]|%[0-9A-F]{2})+", value)
            urlsplit(value)
    except (AssertionError, ValueError):
        return False
    return True
