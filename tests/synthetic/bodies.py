"""What a message says, and in which MIME form."""

from __future__ import annotations

import base64
import math
import quopri
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.synthetic.dice import TABLE_BITS
from tests.synthetic.threads import Role
from tests.synthetic.words import FOREIGN_TEXTS

if TYPE_CHECKING:
    from tests.synthetic.dice import Dice
    from tests.synthetic.people import People
    from tests.synthetic.texts import Texts
    from tests.synthetic.threads import Node, Step, Threads

__all__ = ["Bodies", "Body"]

_CHARSETS: Final = (
    "iso-8859-1", "koi8-r", "gb2312", "iso-2022-jp", "windows-1252", "windows-1251", "utf-8",
)  # fmt: skip  # a list of words
_HTML: Final = (
    b'<html><head><meta http-equiv=3D"Content-Type" content=3D"text/html; charset=3Dutf-8"></head>'
    b'<body><div dir=3D"ltr">%b</div></body></html>\n'
)
_ALTERNATIVE: Final = (
    b'--%b\nContent-Type: text/plain; charset="utf-8"\n\n%b\n'
    b'--%b\nContent-Type: text/html; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n%b\n--%b--\n'
)
_SIGNED: Final = (
    b"This is an OpenPGP/MIME signed message (RFC 4880 and 3156)\n"
    b"--%b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n%b\n"
    b'--%b\nContent-Type: application/pgp-signature; name="OpenPGP_signature.asc"\n'
    b'Content-Disposition: attachment; filename="OpenPGP_signature"\n\n'
    b"-----BEGIN PGP SIGNATURE-----\n\n%b\n-----END PGP SIGNATURE-----\n\n--%b--\n"
)
_MIXED: Final = (
    b"This is a multi-part message in MIME format.\n"
    b"--%b\nContent-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 7bit\n\n%b\n"
    b"--%b\nContent-Type: %b\nContent-Disposition: attachment; %b\nContent-Transfer-Encoding: base64\n\n%b\n--%b--\n"
)
_FILE_NAMES: Final = (
    b'filename="dmesg.txt"',
    b"filename*=utf-8''%E2%82%AC%20rates.txt",
    b'filename*0="very-long-";\n filename*1="name.txt"',
)
_BOT: Final = (
    b"Hello,\n\nsyzbot found the following issue on:\n\nHEAD commit:    %b %b\n"
    b"git tree:       upstream\nconsole output: https://bot.example.org/x/log.txt?x=%b\n"
    b"kernel config:  https://bot.example.org/x/.config?x=%b\n\n"
)
_CHANGES: Final = b" %d files changed, %d insertions(+), %d deletions(-)\n"
_BAR: Final = b"+++++++++----"


@dataclass(slots=True)
class Body:
    """A body on its way: ``blocks`` are the numbers of the text that can be quoted, ``parts`` what is written.

    ``octets`` is all of it, once it has its form; ``flag`` tells of forms that are not plain English text.
    """

    blocks: list[int] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    octets: bytes = b""
    content_type: bytes = b'Content-Type: text/plain; charset="us-ascii"\n'
    transfer_encoding: bytes = b""
    flag: str = ""


class Bodies:
    """Writes bodies."""

    def __init__(self, dice: Dice, texts: Texts, people: People, mime_share: float) -> None:
        self._dice, self._texts, self._people = dice, texts, people
        self._mime_share = mime_share
        self._patches = dice.sizes(4.6, 1.2, 400)
        self._quotes = dice.sizes(6.5, 1.25, 300)
        self._answers = dice.sizes(1.7, 0.8, 24)
        self._mails = dice.sizes(3.0, 0.8, 40)
        self._logs = dice.sizes(6, 1.1, 200)

    def write(self, step: Step, threads: Threads) -> Body:
        """Return the body of a message."""
        body = Body()
        if step.parent is not None and step.role is Role.ANSWER:
            self._answer(body, step, step.parent)
        elif step.role in (Role.PATCH, Role.COVER):
            self._patch(body, step, threads)
        elif step.role is Role.BOT:
            self._report(body, threads)
        else:
            self._mail(body, step)
        self._shape(body)
        return body

    def _paragraph(self, body: Body) -> None:
        self._block(body, 0, self._texts.paragraphs)

    def _hunk(self, body: Body) -> None:
        self._block(body, self._texts.first_hunk, self._texts.hunks)

    def _log(self, body: Body) -> None:
        self._block(body, self._texts.first_log, self._texts.logs)

    def _block(self, body: Body, first: int, count: int) -> None:
        at = first + self._dice.below(count)
        body.blocks.append(at)
        body.parts.append(self._texts.plain[at])

    def _size(self, table: list[int]) -> int:
        return table[self._dice.bits(TABLE_BITS)]

    def _answer(self, body: Body, step: Step, parent: Node) -> None:
        dice, parts, texts = self._dice, body.parts, self._texts
        shown = parent.author.shown
        if dice.bits(1):
            parts.append(b"On %b, %b wrote:\n" % (parent.date, shown))
        else:
            parts.append(b"%b writes:\n\n" % shown)
        quoted, written = self._size(self._quotes), self._size(self._answers)
        if parent.parent is not None and dice.chance() < 0.45:
            self._quote_elders(body, parent.parent, quoted)
        blocks = parent.blocks[:quoted] if dice.bits(1) else parent.blocks[-quoted:]
        if written >= len(blocks) or dice.bits(2) == 0:
            parts += [texts.once[at] for at in blocks]
            parts.append(b"\n")
            for _ in range(written):
                self._paragraph(body)
        else:
            self._answer_in_between(body, blocks, written)
        if dice.chance() < 0.12:
            self._hunk(body)
        if dice.chance() < 0.1:
            parts.append(b"Reviewed-by: %b\n\n" % step.author.sender)
        if dice.bits(1):
            parts.append(b"Thanks,\n%b\n" % step.author.first)
        else:
            parts.append(b"-- \n%b\n" % step.author.shown)

    def _quote_elders(self, body: Body, elder: Node, quoted: int) -> None:
        parts, texts = body.parts, self._texts
        parts.append(b"> On %b, %b wrote:\n" % (elder.date, elder.author.shown))
        parts += [texts.twice[at] for at in elder.blocks[: 1 + quoted // 2]]
        if elder.parent is not None and self._dice.bits(2) == 0:
            parts += [texts.thrice[at] for at in elder.parent.blocks[:2]]
        parts.append(b">\n")

    def _answer_in_between(self, body: Body, blocks: list[int], written: int) -> None:
        every = max(1, len(blocks) // written)
        for count, at in enumerate(blocks, 1):
            body.parts.append(self._texts.once[at])
            if count % every == 0 and written:
                written -= 1
                new = self._dice.below(self._texts.paragraphs)
                body.blocks.append(new)
                body.parts += [b"\n", self._texts.plain[new]]

    def _patch(self, body: Body, step: Step, threads: Threads) -> None:
        dice, parts = self._dice, body.parts
        is_cover = step.role is Role.COVER
        for _ in range(1 + dice.bits(1) + is_cover * 3):
            self._paragraph(body)
        if dice.chance() < 0.35:
            parts.append(b'Fixes: %b ("%b")\n' % (dice.hex(12), threads.topic()))
        parts.append(b"Signed-off-by: %b\n" % step.author.sender)
        if dice.bits(1):
            parts.append(b"Reviewed-by: %b\n" % self._people.somebody().sender)
        if is_cover:
            patches = step.thread.patches
            parts += [b"  %b\n" % threads.topic() for _ in range(patches)]
            changes = _CHANGES % (patches + dice.bits(3), dice.bits(9), dice.bits(7))
            parts.append(b"\n%b\nbase-commit: %b\n" % (changes, dice.hex(40)))
        else:
            self._difference(body)
        parts.append(b"-- \n2.%d.%d\n\n" % (25 + dice.bits(4), dice.bits(2)))

    def _difference(self, body: Body) -> None:
        dice, parts, texts = self._dice, body.parts, self._texts
        hunks = self._size(self._patches)
        count = 1 + (hunks > 3) + hunks // 6
        parts.append(b"---\n")
        files = [dice.below(len(texts.files)) for _ in range(count)]
        for at in files:
            changed = 1 + dice.bits(6)
            bar = _BAR[: 1 + dice.below(12)]
            parts.append(b" %-40b | %3d %b\n" % (texts.files[at].encode(), changed, bar))
        parts.append(_CHANGES % (count, 1 + dice.bits(7), dice.bits(5)) + b"\n")
        each = hunks // count + 1
        for at in files:
            parts.append(texts.file_heads[at] % (dice.hex(12), dice.hex(12)))
            for _ in range(min(each, hunks)):
                self._hunk(body)
            hunks -= each

    def _report(self, body: Body, threads: Threads) -> None:
        dice = self._dice
        body.parts.append(_BOT % (dice.hex(12), threads.topic(), dice.hex(14), dice.hex(16)))
        for _ in range(self._size(self._logs)):
            self._log(body)

    def _mail(self, body: Body, step: Step) -> None:
        dice = self._dice
        body.parts.append(b"Hi all,\n\n" if dice.bits(1) else b"Hello,\n\n")
        for _ in range(self._size(self._mails)):
            self._paragraph(body)
        if dice.bits(2) == 0:
            self._log(body)
        if dice.chance() < 0.3:
            body.parts.append(b"https://www.example.org/%b/%b\n\n" % (dice.hex(8), dice.hex(20)))
        body.parts.append(b"Regards,\n%b\n" % step.author.first)

    def _shape(self, body: Body) -> None:
        """Give a body one of the forms that mail has."""
        chance = self._dice.chance()
        if chance < self._mime_share:
            body.octets = b"".join(body.parts)
            self._multipart(body)
            return
        if chance > 0.96:
            self._foreign(body)
            return
        body.octets = b"".join(body.parts)
        if chance > 0.5:
            body.content_type = b"Content-Type: text/plain; charset=UTF-8\n"
            body.transfer_encoding = _transfer_encoding(b"8bit" if chance > 0.65 else b"7bit")
        elif chance > 0.3:
            body.content_type = b""

    def _multipart(self, body: Body) -> None:
        dice = self._dice
        body.flag = "m"
        edge = b"=_%b_%b" % (dice.hex(12), dice.hex(8))
        chance = dice.chance()
        if chance < 0.42:
            text = body.octets[:9000]
            escaped = text.replace(b"=", b"=3D").replace(b"<", b"&lt;")
            marked = escaped.replace(b"\n\n", b"</p>\n<p>").replace(b"\n", b"<br>\n")
            body.octets = _ALTERNATIVE % (edge, text, edge, _HTML % marked, edge)
            body.content_type = b'Content-Type: multipart/alternative; boundary="%b"\n' % edge
        elif chance < 0.75:
            signature = _in_lines(base64.b64encode(dice.octets(360)), 64)
            body.octets = _SIGNED % (edge, body.octets, edge, signature, edge)
            body.content_type = (
                b"Content-Type: multipart/signed; micalg=pgp-sha256;\n"
                b' protocol="application/pgp-signature"; boundary="%b"\n' % edge
            )
        else:
            kind, name, octets = self._attachment()
            attached = _in_lines(base64.b64encode(octets), 76)
            body.octets = _MIXED % (edge, body.octets, edge, kind, name, attached, edge)
            body.content_type = b'Content-Type: multipart/mixed; boundary="%b"\n' % edge

    def _attachment(self) -> tuple[bytes, bytes, bytes]:
        dice, texts = self._dice, self._texts
        size = int(600 * math.exp(dice.source.gauss(1.6, 1.1)))
        if dice.bits(1):
            octets = dice.octets(min(size, 60000))
            return b"application/octet-stream", b'filename="config-%b.gz"' % dice.hex(6), octets
        octets = b"".join(
            texts.plain[texts.first_log + dice.below(texts.logs)] for _ in range(1 + size // 900)
        )
        return b"text/plain", dice.pick(_FILE_NAMES), octets

    def _foreign(self, body: Body) -> None:
        dice = self._dice
        body.flag = "c"
        text = dice.pick(FOREIGN_TEXTS)
        form = dice.bits(3)
        charset = "utf-8"
        if form < 3:
            charset = _first_that_fits(text, _CHARSETS[dice.bits(2) :])
        body.parts.append(b"\n%b\n" % text.encode(charset))
        body.octets = b"".join(body.parts)
        body.content_type = b"Content-Type: text/plain; charset=%b\n" % charset.encode()
        if form & 1:
            body.transfer_encoding = _transfer_encoding(b"base64")
            body.octets = base64.encodebytes(body.octets)
        elif form == 2:
            body.transfer_encoding = _transfer_encoding(b"quoted-printable")
            body.octets = quopri.encodestring(body.octets[:20000])
        else:
            body.transfer_encoding = _transfer_encoding(b"8bit")


def _transfer_encoding(name: bytes) -> bytes:
    return b"Content-Transfer-Encoding: %b\n" % name


def _in_lines(octets: bytes, length: int) -> bytes:
    return b"\n".join(octets[at : at + length] for at in range(0, len(octets), length))


def _first_that_fits(text: str, charsets: tuple[str, ...]) -> str:
    """Return the first character set that has all of a text; UTF-8, the last one, always does."""
    for charset in charsets:
        try:
            text.encode(charset)
        except UnicodeError:
            continue
        return charset
    raise ValueError(text)
