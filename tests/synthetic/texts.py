"""Text to write mail with: paragraphs, patches and logs, plain and quoted up to three deep."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from tests.synthetic.words import SYLLABLES, WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

__all__ = ["Texts"]

_STATEMENTS: Final = (
    "\tif (%s->%s < 0)",
    "\t\treturn -E%s;",
    "\t%s = %s(%s);",
    "\tint %s = %d;",
    "\tstruct %s *%s;",
    "\tspin_lock(&%s->%s);",
    "\tfor (i = 0; i < %s; i++) {",
    "\t}",
    "",
    "\tgoto err_%s;",
    '\t\tdev_err(dev, "failed to %s %s: %%d\\n", ret);',
    "\t/* %s %s %s %s */",
    "static int %s(struct %s *%s, u32 %s)",
    "{",
    "}",
    "\treturn %s;",
    "\tkfree(%s->%s);",
    "#define %s 0x%x",
)
_FOLDERS: Final = (
    "drivers", "fs", "net", "kernel", "mm", "arch", "security", "Documentation", "tools",
)  # fmt: skip  # a list of words
_ENDINGS: Final = ("c", "c", "c", "h", "rst", "py")
_LINE: Final = 70


class Texts:
    """Blocks of text by number: ``paragraphs`` of them first, then ``hunks``, then ``logs``.

    ``plain[i]`` is a block, ``once[i]``, ``twice[i]`` and ``thrice[i]`` the same quoted.
    """

    def __init__(self, source: Random, scale: float) -> None:
        self._source = source
        self._stems = ["".join(self._some_of(SYLLABLES, 2 + self._is(0.5))) for _ in range(900)]
        self._names = [self._name() for _ in range(4000)]
        self._vocabulary = WORDS + self._stems
        self._words = self._running_words()
        self._at = 0
        statements = [self._statement() for _ in range(3000)]
        self._statements = statements
        self._weights = _zipf(len(statements), 0.95)
        self._queue: list[str] = []
        self.paragraphs, self.hunks, self.logs = (
            int(5000 * scale),
            int(4500 * scale),
            int(700 * scale),
        )
        self.first_hunk = self.paragraphs
        self.first_log = self.paragraphs + self.hunks
        self.plain = [self._paragraph() for _ in range(self.paragraphs)]
        self.plain += [self._hunk() for _ in range(self.hunks)]
        self.plain += [self._log() for _ in range(self.logs)]
        self.once = [b"> " + _quoted(block, b"> ") for block in self.plain]
        self.twice = [b">" + _quoted(block, b">") for block in self.once]
        self.thrice = [b">" + _quoted(block, b">") for block in self.twice]
        self.files = [self._file() for _ in range(1500)]
        self.file_heads = [
            b"diff --git a/%b b/%b\nindex %%b..%%b 100644\n--- a/%b\n+++ b/%b\n" % ((path,) * 4)
            for path in map(str.encode, self.files)
        ]
        rare = self._vocabulary[30:]
        self.topics = [self._topic(rare).encode() for _ in range(6000)]

    def _is(self, share: float) -> bool:
        return self._source.random() < share

    def _some_of(self, values: Sequence[str], count: int) -> list[str]:
        return [self._source.choice(values) for _ in range(count)]

    def _name(self) -> str:
        choice = self._source.choice
        parts = choice(self._stems), choice(WORDS[60:]), choice(self._stems)
        return "_".join(parts[: self._source.randrange(1, 4)])

    def _running_words(self) -> list[str]:
        """Return words in phrases that come again, so that text compresses about as well as real text does."""
        source = self._source
        flat = source.choices(
            self._vocabulary, cum_weights=_zipf(len(self._vocabulary), 0.85), k=40000
        )
        phrases = []
        at = 0
        while at < 39990:
            length = source.randrange(3, 8)
            phrases.append(flat[at : at + length])
            at += length
        phrases = phrases[:3500]
        chosen = source.choices(phrases, cum_weights=_zipf(len(phrases), 0.95), k=75000)
        return [word for phrase in chosen for word in phrase]

    def _paragraph(self) -> bytes:
        source = self._source
        length = source.randrange(14, 95)
        if self._at + length >= len(self._words):
            self._at = source.randrange(200)
        words = self._words[self._at : self._at + length]
        self._at += length - 3
        words[0] = words[0].capitalize()
        for at in range(6, length, 11):
            chance = source.random()
            if chance < 0.35:
                words[at] += ","
            elif chance < 0.6:
                words[at] += "."
                if at + 1 < length:
                    words[at + 1] = words[at + 1].capitalize()
            elif chance < 0.85:
                words[at] = source.choice(self._names) + "()"
            elif chance < 0.9:
                words[at] = f"0x{source.getrandbits(24):x}"
        words[-1] += "."
        return (_filled(words) + "\n\n").encode()

    def _statement(self) -> str:
        source = self._source
        form = source.choice(_STATEMENTS)
        values: list[str | int] = []
        for after in form.replace("%%", "").split("%")[1:]:
            if after[0] in "dx":
                values.append(source.randrange(4096))
            else:
                values.append(source.choice(self._names if self._is(0.8) else WORDS))
        return form % tuple(values) if values else form.replace("%%", "%")

    def _next_statement(self) -> str:
        if not self._queue:
            self._queue = self._source.choices(
                self._statements, cum_weights=self._weights, k=1 << 14
            )
        return self._queue.pop()

    def _hunk(self) -> bytes:
        source, names = self._source, self._names
        line, shift = source.randrange(20, 3000), source.randrange(5)
        before, after = source.randrange(6, 14), source.randrange(6, 20)
        function, kind, value = self._some_of(names, 3)
        lines = [
            f"@@ -{line},{before} +{line + shift},{after} @@ static int {function}(struct {kind} *{value})"
        ]
        lines += [" " + self._next_statement() for _ in range(3)]
        lines += ["-" + self._next_statement() for _ in range(source.randrange(0, 6))]
        lines += ["+" + self._next_statement() for _ in range(source.randrange(1, 13))]
        lines += [" " + self._next_statement() for _ in range(3)]
        return ("\n".join(lines) + "\n").encode()

    def _log(self) -> bytes:
        source = self._source
        time = source.randrange(10000) + source.random()
        lines = []
        for _ in range(source.randrange(6, 30)):
            time += source.random() / 50
            chance = source.random()
            if chance < 0.75:
                name = source.choice(self._names)
                where, size = source.randrange(4096), source.randrange(4096)
                text = f" {name}+0x{where:x}/0x{size:x} [{source.choice(self._names)}]"
            elif chance < 0.87:
                rax, rbx, rcx = (source.getrandbits(bits) for bits in (64, 48, 32))
                text = f"RAX: {rax:016x} RBX: {rbx:016x} RCX: {rcx:016x}"
            else:
                name = source.choice(self._names)
                text = f"{name}: {' '.join(self._some_of(WORDS, 3))}"
            lines.append(f"[{time:12.6f}] {text}")
        return ("\n".join(lines) + "\n\n").encode()

    def _file(self) -> str:
        choice = self._source.choice
        folder, part, name = choice(_FOLDERS), choice(self._stems), choice(self._stems)
        return f"{folder}/{part}/{name}.{choice(_ENDINGS)}"

    def _topic(self, words: Sequence[str]) -> str:
        source = self._source
        length = source.randrange(3, 9)
        text = " ".join(source.choices(words, k=length))
        if self._is(0.7):
            text = f"{source.choice(self._stems)}: {text}"
        if self._is(0.1):
            text = f"{source.choice(self._names)}/{text}"
        return text


def _zipf(count: int, power: float) -> list[float]:
    """Return cumulative weights by which few are chosen often and many seldom."""
    return list(accumulate(1 / (rank + 8) ** power for rank in range(count)))


def _filled(words: Sequence[str]) -> str:
    """Return words in lines of 70 characters or so."""
    pieces: list[str] = []
    length = 0
    for word in words:
        if length + len(word) > _LINE:
            pieces.append("\n")
            length = 0
        elif length:
            pieces.append(" ")
            length += 1
        pieces.append(word)
        length += len(word)
    return "".join(pieces)


def _quoted(block: bytes, mark: bytes) -> bytes:
    """Return a block with a mark in front of each line but the first."""
    return block[:-1].replace(b"\n", b"\n" + mark) + b"\n"
