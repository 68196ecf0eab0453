from __future__ import annotations

import pytest

from gateway.web.body import parse
from gateway.web.body.flowed import unwrapped
from tests.web.body.seen import message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a \nb\nc\n", "a b\nc\n"),
        ("a  \nb", "a  b"),
        # Space-stuffing.
        (" From a\n  b\n > c\n", "From a\n b\n> c\n"),
        # Quotations.
        ("> a \n> b\n>> c \n>> d\n", "> a b\n> > c d\n"),
        (">> a \n> b\nc\n", "> > a \n> b\nc\n"),
        (">a \n>b\n>\n", "> a b\n> \n"),
        # The signature.
        ("a \n-- \nb \nc\n", "a \n-- \nb c\n"),
        ("> a\n> -- \n> b\n", "> a\n> -- \n> b\n"),
        # The end.
        ("a ", "a "),
        ("a \n", "a "),
        ("", ""),
        ("\n", "\n"),
        (" \n", "\n"),
        ("  \nb\n", " b\n"),
    ],
)
def test_flowed_text_is_wrapped_anew(written: str, meant: str) -> None:
    assert unwrapped(written, deletes_space=False) == meant


def test_del_sp_joins_what_has_no_blanks() -> None:
    assert unwrapped("ab \ncd\n> ef \n> gh\n-- \nx\n", deletes_space=True) == (
        "abcd\n> efgh\n-- \nx\n"
    )


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("text/plain; format=flowed", "a b\n"),
        ("text/plain; Format=Flowed; DelSp=Yes", "ab\n"),
        ("text/plain; format=fixed", "a \nb\n"),
        ("text/plain; delsp=yes", "a \nb\n"),
    ],
)
def test_it_is_done_where_it_is_declared(kind: str, meant: str) -> None:
    assert parse(message("a \nb\n", f"Content-Type: {kind}"), obfuscate=False).plain == meant
