"""What goes wrong with messages, and is flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.synthetic.options import struck
from tests.synthetic.threads import Role
from tests.synthetic.words import FOREIGN_NAMES

if TYPE_CHECKING:
    from tests.synthetic.bodies import Body
    from tests.synthetic.dates import Moment
    from tests.synthetic.dice import Dice
    from tests.synthetic.people import Style
    from tests.synthetic.threads import Node, Step

__all__ = ["Damage", "Draft", "in_reply_to"]

UNKNOWN: Final = b"?"
ROOT: Final = b"-"

_ANSWERS: Final = ("irt_only", "subject_only", "garbage_irt", "trunc_refs", "outside")
_IDS: Final = ("no_mid", "dup_same", "dup_other")
_REST: Final = ("raw8", "bad_date", "no_date", "nasty", "from_line", "no_subject", "empty")
_RARELY: Final = 0.02
"""How much of the mail has damage to ids at most, and to the rest, whatever the rates say."""

_DATES: Final = (
    b"Thu, 31 Feb 2022 25:61:00 +0000",
    b"yesterday",
    b"Mon, 01 Jan 104 00:00:00 GMT",
    b"",
    b"%b 99/99/99",
    b"Sun, 07 Feb 2106 06:28:15 +2500",
    b"2020-01-02T03:04:05Z",
)
_NASTY: Final = (
    b"nul \0 byte\n",
    b"bare\rcarriage\rreturn\n",
    b"x" * 3000 + b"\n",
    b"8bit \xff\xfe\x80 junk\n",
    b"begin 644 x.bin\n#0V%T\n`\nend\n",
)
_FROM_LINES: Final = (
    b"From the look of it this line needs escaping.\n>From quoted already\n"
    b"From someone@example.com Thu Jan  1 00:00:00 1970\n"
)


@dataclass(slots=True)
class Draft:
    """A message on its way, with all that can be damaged; ``parent`` is the truth.

    ``own`` is the Message-ID it goes by, which nobody can answer where it is empty; ``answer`` is the In-Reply-To
    field, ``date`` and ``subject`` are contents, None where there is no field.
    """

    step: Step
    style: Style
    now: int
    dated: int
    when: Moment
    own: bytes
    body: Body
    sender: bytes
    date: bytes | None
    subject: bytes | None
    references: bytes = b""
    answer: bytes = b""
    parent: bytes = ROOT
    flags: str = ""
    is_doubled: bool = False


class Damage:
    """Does harm to drafts, by rates."""

    def __init__(self, dice: Dice, rates: dict[str, float]) -> None:
        self._dice, self._rates = dice, rates
        self._recent: list[bytes] = []

    def remember(self, own: bytes) -> None:
        """Keep an id that another message may take for its own."""
        self._recent.append(own)
        if len(self._recent) > 400:
            del self._recent[:200]

    def harm(self, draft: Draft) -> None:
        """Do harm to a draft, or not."""
        if draft.step.role is Role.ANSWER and draft.step.parent is not None:
            self._harm_answer(draft, draft.step.parent)
        elif draft.step.parent is None:
            self._harm_opening(draft)
        self._harm_id(draft)

    def harm_rest(self, draft: Draft) -> None:
        """Do harm to what does not tell threads, or not."""
        chance = self._dice.chance()
        kind = struck(chance, self._rates, _REST) if chance < _RARELY else None
        match kind:
            case "raw8":
                draft.flags += "8"
                name, *_ = self._dice.pick(FOREIGN_NAMES[:4])
                charset = "utf-8" if self._dice.bits(1) else "iso-8859-2"
                address = draft.step.author.address
                draft.sender = b"%b <%b>" % (name.encode(charset, "replace"), address)
            case "bad_date":
                draft.flags += "b"
                date = self._dice.pick(_DATES)
                draft.date = date % draft.when.clock if b"%" in date else date
            case "no_date":
                draft.flags += "B"
                draft.date = None
            case "nasty":
                draft.flags += "z"
                draft.body.octets += self._dice.pick(_NASTY)
            case "from_line":
                draft.flags += "f"
                draft.body.octets += _FROM_LINES
            case "no_subject":
                draft.flags += "S"
                draft.subject = None
            case "empty":
                draft.flags += "e"
                draft.body.octets = b""
            case _:
                pass

    def _harm_answer(self, draft: Draft, parent: Node) -> None:
        chance = self._dice.chance()
        match struck(chance, self._rates, _ANSWERS):
            case "irt_only":
                draft.flags += "i"
                draft.references = b""
            case "subject_only":
                draft.flags += "s"
                draft.references = draft.answer = b""
            case "garbage_irt":
                draft.flags += "g"
                draft.references = b""
                draft.answer = self._garbage(draft, parent)
            case "trunc_refs" if draft.references.count(b"<") > 3:
                draft.flags += "t"
                ids = draft.references.split()
                draft.references = b"\n ".join(ids[:1] + ids[-2:])
            case "outside":
                self._answer_a_stranger(draft)
            case _:
                pass

    def _harm_opening(self, draft: Draft) -> None:
        is_discussion = draft.step.role is Role.DISCUSSION
        if is_discussion and self._dice.chance() < self._rates["outside"] * 2.2:
            self._answer_a_stranger(draft)
            draft.subject = b"Re: %b" % draft.step.subject

    def _harm_id(self, draft: Draft) -> None:
        chance = self._dice.chance()
        match struck(chance, self._rates, _IDS) if chance < _RARELY else None:
            case "no_mid":
                draft.flags += "n"
                draft.own = b""
            case "dup_same":
                draft.is_doubled = True
            case "dup_other" if self._recent:
                draft.flags += "D"
                draft.own = self._dice.pick(self._recent)
            case _:
                pass

    def _answer_a_stranger(self, draft: Draft) -> None:
        """Make a draft answer what was never archived."""
        stranger = b"<%b@private.example>" % self._dice.hex(14)
        before = draft.references + b"\n " if draft.step.parent is not None else b""
        draft.references = before + stranger
        draft.answer = in_reply_to(stranger)
        draft.flags += "o"
        draft.parent = UNKNOWN

    def _garbage(self, draft: Draft, parent: Node) -> bytes:
        unclosed = b"<" + self._dice.hex(9)
        forms = (
            b'Your message of "%b"' % draft.when.date,
            b'Message from %b of "%b" %b' % (parent.author.sender, draft.when.date, parent.own),
            unclosed,
            b"nothing to see",
        )
        return in_reply_to(forms[self._dice.bits(2)])


def in_reply_to(content: bytes) -> bytes:
    """Return an In-Reply-To field."""
    return b"In-Reply-To: %b\n" % content
