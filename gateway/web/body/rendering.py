"""The body of a message as HTML: parsed once, filled in when it is known what is in the archive.

All HTML that comes of mail is made here, in ``blocks`` and in ``inline``: no tag but ``div``, ``p``, ``pre``, ``span``,
``a``, ``details`` and ``summary``, and no attributes but ours, so that nothing of a message reaches a page but as text,
or in the quotes of an ``href``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from gateway.web.body.blocks import Blocks
from gateway.web.body.inline import Attached, Inline, Piece, escape, escape_value
from gateway.web.body.obfuscation import obfuscated
from gateway.web.body.parts import Show, laying_out
from gateway.web.body.texts import MAX_SHOWN, clean, text_steps
from storage.message.structure import structuring
from storage.message.words import decode
from storage.steps import finished

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from gateway.web.body.attachments import Attachment
    from storage.message.structure import Part

__all__ = ["MAX_SECTIONS", "Parsed", "parse", "parsing", "render"]

MAX_SECTIONS: Final = 500
"""Texts and enclosed messages of one message that are shown."""

_FIELDS: Final = (b"from", b"to", b"cc", b"date", b"subject", b"message-id")
_MAX_FIELD: Final = 1000  # characters of a field of an enclosed message
_PATCHES: Final = (".patch", ".diff")
_PATCH_TYPES: Final = frozenset(("text/x-patch", "text/x-diff"))


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a message says.

    ``pieces`` are for ``render``. ``mentioned`` are the Message-IDs that the text mentions, to be looked up for it.
    ``texts`` are those that are shown. ``is_patch`` tells whether there is a diff in it or attached, ``was_html`` whether
    a text was made of HTML, ``left_out`` how many octets of text are too many to be shown. ``hides`` tells whether
    addresses are obfuscated.
    """

    pieces: Sequence[Piece]
    mentioned: Sequence[bytes]
    attachments: Sequence[Attachment]
    texts: Sequence[str]
    hides: bool
    is_patch: bool
    was_html: bool
    left_out: int

    @property
    def plain(self) -> str:
        """The text that is shown, with addresses obfuscated where they are on the page."""
        text = "\n".join(self.texts)
        return obfuscated(text) if self.hides else text


def parse(
    octets: bytes,
    *,
    obfuscate: bool,
    anchor: str = "",
    archived_id: Callable[[str], bytes | None] | None = None,
) -> Parsed:
    """Return what a message in its served form says.

    ``anchor`` is put before the names of anchors, so that several messages can be on one page. ``archived_id`` tells the
    Message-ID that an address of another archive stands for, if it does.
    """
    return finished(parsing(octets, obfuscate=obfuscate, anchor=anchor, archived_id=archived_id))


def parsing(
    octets: bytes,
    *,
    obfuscate: bool,
    anchor: str = "",
    archived_id: Callable[[str], bytes | None] | None = None,
) -> Generator[None, None, Parsed]:
    """Do what ``parse`` does, and yield after every few milliseconds."""
    inline = Inline(obfuscate=obfuscate, archived_id=archived_id)
    made = _Making(octets, inline, Blocks(inline, anchor), obfuscate=obfuscate)
    return (yield from made.steps((yield from structuring(octets))))


def render(parsed: Parsed, known: Mapping[bytes, str], attachment: Callable[[int], str]) -> Markup:
    """Return the HTML of a message's body.

    ``known`` has the addresses of those messages mentioned that are in the archive; ``attachment`` returns that of an
    attachment by its number.
    """
    filled: list[str] = []
    for piece in parsed.pieces:
        if isinstance(piece, str):
            filled.append(piece)
        elif isinstance(piece, Attached):
            filled.append(escape_value(attachment(piece.at)))
        elif piece.message_id in known:
            url = escape_value(known[piece.message_id])
            filled.append(f'{piece.before}<a href="{url}">{piece.shown}</a>{piece.after}')
        else:
            filled.append(piece.otherwise)
    return Markup("".join(filled))  # noqa: S704  # what is between its tags was escaped, piece by piece


class _Making:
    """The HTML of one message, as far as it is made."""

    __slots__ = (
        "_blocks",
        "_hides",
        "_inline",
        "_left_out",
        "_octets",
        "_room",
        "_texts",
        "_was_html",
    )

    def __init__(self, octets: bytes, inline: Inline, blocks: Blocks, *, obfuscate: bool) -> None:
        self._octets = octets
        self._inline = inline
        self._blocks = blocks
        self._hides = obfuscate
        self._room = MAX_SHOWN
        self._left_out = 0
        self._texts: list[str] = []
        self._was_html = False

    def steps(self, root: Part) -> Generator[None, None, Parsed]:
        """Make all of it; yield now and then."""
        shown, attachments = yield from laying_out(root, self._octets, obfuscate=self._hides)
        by_part = {id(attachment.part): attachment for attachment in attachments}
        opened = 0
        for show, part in shown[:MAX_SECTIONS]:
            attachment = by_part.get(id(part))
            if show is Show.OPEN:
                opened += 1
                self._enclosed(part, attachment)
            elif show is Show.CLOSE:
                opened -= 1
                self._add("</div>\n")
            elif show is Show.SEALED:
                self._add('<p class="note">This message is encrypted.</p>\n')
            else:
                yield from self._section(part, attachment, folded=show is Show.FOLDED)
        self._add("</div>\n" * opened)
        return Parsed(
            pieces=self._inline.pieces,
            mentioned=list(self._inline.mentioned),
            attachments=attachments,
            texts=self._texts,
            hides=self._hides,
            is_patch=self._blocks.is_patch or any(map(_is_patch, attachments)),
            was_html=self._was_html,
            left_out=self._left_out,
        )

    def _add(self, html: str) -> None:
        self._inline.pieces.append(html)

    def _enclosed(self, part: Part, attachment: Attachment | None) -> None:
        """Begin a message within the message: with its header."""
        self._add('<div class="enclosed">\n')
        self._heading(attachment)
        header = part.header if part.message is None else part.message.header
        fields = "".join(
            f"{name.decode('ascii').title()}: {clean(decode(header.first(name) or b''))[:_MAX_FIELD]}\n"
            for name in _FIELDS
            if name in header.names
        )
        if fields:
            self._add(f'<pre class="fields">\n{self._inline.shown(fields)}</pre>\n')

    def _heading(self, attachment: Attachment | None) -> None:
        if attachment is not None:
            said = f'">{escape(attachment.name)}</a> {_described(attachment)}</p>\n'
            self._inline.pieces += ('<p class="part"><a href="', Attached(attachment.at), said)

    def _section(
        self, part: Part, attachment: Attachment | None, *, folded: bool
    ) -> Generator[None, None, None]:
        """Add the text of a part, with a heading if it is an attachment as well."""
        text, was_html, left_out = yield from text_steps(part, self._octets, self._room)
        self._room -= min(self._room, len(text))
        self._left_out += left_out
        self._was_html = self._was_html or was_html
        if folded:
            name = "" if attachment is None else f" {escape(attachment.name)}"
            self._add(f'<details class="attached"><summary>Attached text{name}</summary>\n')
        self._heading(attachment)
        yield
        if text:
            self._texts.append(text)
            yield from self._blocks.steps(text)
        if folded:
            self._add("</details>\n")


def _is_patch(attachment: Attachment) -> bool:
    return attachment.media_type in _PATCH_TYPES or attachment.name.endswith(_PATCHES)


def _described(attachment: Attachment) -> str:
    return escape(f"({attachment.media_type}, {attachment.size} bytes)")
