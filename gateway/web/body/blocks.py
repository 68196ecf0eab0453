"""A text as HTML: quotations, diffs and signatures told apart by classes, long quotations folded.

What the text says is all there, marks of quotation included: but for the summaries of what is folded, the HTML as text
is the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.body.diffs import MAX_FILES, Diff, Stat, stat
from gateway.web.body.inline import Inline, escape, escape_value
from gateway.web.body.lines import MAX_QUOTED, Kind, Run, depth_of, is_mostly_quoted, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Blocks"]

_STEP: Final = 16_384  # characters after which others may do something
_AS_MANY: Final = 40  # characters that take as long as it takes to begin with some
_DEPTHS: Final = 3  # of quotation, that look different
_STATISTICS: Final = (
    " changed, ",
    " file changed",
    " files changed",
)  # what stands under a diffstat
_PRE: Final = (
    '<pre class="text">\n'  # a line end here is none of the text's (the HTML Standard s. 13.1.2.5)
)


class Blocks:
    """Makes HTML of texts. ``anchor`` is put before the names of the anchors of files in diffs."""

    __slots__ = (
        "_anchor",
        "_anchors",
        "_ends",
        "_files",
        "_fresh",
        "_inline",
        "_pieces",
        "is_patch",
    )

    def __init__(self, inline: Inline, anchor: str) -> None:
        self._inline = inline
        self._pieces = inline.pieces
        self._anchor = escape_value(anchor)
        self._files: dict[str, int] = {}  # the number of a file's anchor
        self._ends: dict[str, str] = {}  # the first file whose name ends so, after its last slash
        self._anchors = 0
        self._fresh = 0  # characters since others could do something
        self.is_patch = False

    def steps(self, text: str) -> Iterator[None]:
        """Add a text; yield now and then."""
        lines = text.split("\n")
        found: list[Run] = []
        for run in runs(text, lines):
            if run is None:
                yield
            else:
                found.append(run)
        if any(run.kind is Kind.DIFF for run in found):
            self.is_patch = True
            self._name_files(found)
        folds = not is_mostly_quoted(lines, found)
        has_stat = any(sign in text for sign in _STATISTICS) and " | " in text
        self._pieces.append(_PRE)
        at = 0
        for run in found:
            if run.kind is Kind.QUOTE:
                yield from self._quotation(lines, at, run.stop, folds=folds)
            elif run.diff is not None:
                yield from self._diff(lines, at, run.diff)
            elif run.kind is Kind.SIGNATURE:
                yield from self._classed("sig", lines, at, run.stop)
            elif has_stat:
                yield from self._with_stat(lines, at, run.stop)
            else:
                yield from self._plain(lines, at, run.stop)
            at = run.stop
        self._pieces.append("</pre>\n")

    def _plain(self, lines: Sequence[str], at: int, stop: int) -> Iterator[None]:
        """Add lines as they are."""
        if at == stop:
            return
        text = "\n".join(lines[at:stop])
        if stop < len(lines):
            text += "\n"
        self._fresh += len(text) + _AS_MANY
        if self._fresh <= _STEP:
            self._inline.add(text)
            return
        at = 0
        while at < len(text):
            end = at + _STEP
            end = text.rfind("\n", at, end) + 1 or text.rfind(" ", at, end) + 1 or end
            self._inline.add(text[at:end])
            at = end
            yield
        self._fresh = 0

    def _classed(self, name: str, lines: Sequence[str], at: int, stop: int) -> Iterator[None]:
        self._pieces.append(f'<span class="{name}">')
        yield from self._plain(lines, at, stop)
        self._pieces.append("</span>")

    def _quotation(
        self, lines: Sequence[str], at: int, stop: int, *, folds: bool
    ) -> Iterator[None]:
        """Add quoted lines: those of one depth together, with the empty ones between them."""
        is_folded = folds and stop - at > MAX_QUOTED
        if is_folded:
            self._pieces.append(
                f'</pre>\n<details class="quote"><summary>{stop - at} quoted lines</summary>\n{_PRE}'
            )
        while at < stop:
            depth = depth_of(lines[at])
            end = at + 1
            while end < stop and depth_of(lines[end]) in {depth, 0}:
                end += 1
            yield from self._classed(f"q{(depth - 1) % _DEPTHS + 1}", lines, at, end)
            at = end
        if is_folded:
            self._pieces.append(f"</pre>\n</details>\n{_PRE}")

    def _diff(self, lines: Sequence[str], at: int, diff: Diff) -> Iterator[None]:
        anchors = {place: name for name, place in diff.files}
        for place, (kind, stop) in enumerate(diff.spans):
            name = anchors.get(place, "")
            if name and name in self._files:
                anchor = f"{self._anchor}f{self._files.pop(name)}"
                self._pieces.append(f'<span class="file" id="{anchor}">')
                yield from self._plain(lines, at, stop)
                self._pieces.append("</span>")
            elif kind:
                yield from self._classed(kind, lines, at, stop)
            else:
                yield from self._plain(lines, at, stop)
            at = stop

    def _name_files(self, found: Sequence[Run]) -> None:
        """Number the files that the diffs of a text are about, each where it comes first."""
        for run in found:
            for name, _ in run.diff.files if run.diff is not None else ():
                if name and name not in self._files and self._anchors < MAX_FILES:
                    self._anchors += 1
                    self._files[name] = self._anchors
                    self._ends.setdefault(name.rpartition("/")[2], name)

    def _with_stat(self, lines: Sequence[str], at: int, stop: int) -> Iterator[None]:
        """Add lines among which those of a diffstat are links to where the diffs of their files begin."""
        begin = at
        while at < stop:
            said = stat(lines[at]) if lines[at][:1] == " " else None
            if said is not None:
                yield from self._plain(lines, begin, at)
                self._stat(said, "\n" if at + 1 < len(lines) else "")
                begin = at + 1
                self._fresh += len(lines[at]) + _AS_MANY
                if self._fresh > _STEP:
                    self._fresh = 0
                    yield
            at += 1
        yield from self._plain(lines, begin, stop)

    def _stat(self, said: Stat, end: str) -> None:
        number = self._file(said.name)
        name = self._inline.shown(said.written)
        if number:
            name = f'<a href="#{self._anchor}f{number}">{name}</a>'
        signs = "".join(
            f'<span class="{kind}">{text}</span>'
            for kind, text in (("add", said.added), ("del", said.removed))
            if text
        )
        self._pieces.append(f" {name}{escape(said.between)}{signs}{end}")

    def _file(self, name: str) -> int:
        """Return the number of a file that a diffstat names, whose beginning it may leave out; 0 if it has none."""
        if name.startswith("..."):
            name = name.rstrip("}")  # of a file that was renamed, its beginning left out
            full = self._ends.get(name.rpartition("/")[2], "")
            name = full if full.endswith(name[3:]) else ""
        return self._files.get(name, 0)
