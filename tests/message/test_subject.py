from __future__ import annotations

import pytest

from storage.message.subject import base_subject


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("parent", "parent", False),
        ("Re: parent", "parent", True),
        ("RE:parent", "parent", True),
        ("Re : parent", "parent", True),
        ("Re: Re: RE: parent", "parent", True),
        ("Re[2]: parent", "parent", True),
        ("Re [2]: parent", "parent", True),
        ("Re^3: parent", "parent", True),
        ("Re(2): parent", "parent", True),
        ("Re2: parent", "parent", True),
        ("AW: parent", "parent", True),
        ("Sv: parent", "parent", True),
        ("Antw: parent", "parent", True),
        ("回复\uff1aparent", "parent", True),
        ("Re\uff1aparent", "parent", True),
        ("=?utf-8?Q?Re:_h=C3=A9?=", "hé", True),
        ("Fwd: parent", "parent", False),
        ("FW: Re: parent", "parent", True),
        ("parent (fwd)", "parent", False),
        ("parent (fwd) (FWD) ", "parent", False),
        ("[fwd: parent]", "parent", False),
        ("[Fwd: [fwd: Re: parent (fwd)]]", "parent", True),
        ("[list] parent", "parent", False),
        ("[list] Re: [list] parent", "parent", True),
        ("Re: [list] Re: parent", "parent", True),
        ("Re: [PATCH v2 3/7] parent", "parent", True),
        ("[a][b] parent", "parent", False),
        ("[a] [b]", "[b]", False),
        ("[only]", "[only]", False),
        ("Re: [only]", "[only]", True),
        ("[list] Re:", "", True),
        ("Re:", "", True),
        ("", "", False),
        ("(fwd)", "", False),
        ("[fwd:]", "", False),
        ("[fwd: unclosed", "[fwd: unclosed", False),
        ("one\n two\t three  four", "one two three four", False),
        ("regarding: x", "regarding: x", False),
        ("rest", "rest", False),
        ("new topic (was: parent)", "new topic (was: parent)", False),
    ],
)
def test_marks_and_tags_come_off(subject: str, base: str, is_reply: bool) -> None:
    assert base_subject(subject.encode()) == (base, is_reply)
