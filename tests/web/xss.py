"""Mail that wants to run a script in a reader's browser: payloads, and messages with them everywhere.

After OWASP's XSS filter evasion sheet and what mail adds to it: charsets, transfer encodings, file names, encoded words,
nested types. A script that runs sets ``document.title`` to ``RAN`` and the property ``ran`` of the window, and opens a
dialogue, each of which a test in a browser can see.
"""

from __future__ import annotations

import base64
import quopri
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "PAYLOADS", "SCRIPT", "mails", "payloads"]

MARK: Final = "RAN"
"""What the title of a page becomes when a script ran in it."""

SCRIPT: Final = "window.ran=document.title='RAN';alert(1)"

PAYLOADS: Final = (
    # Elements.
    "<script>§</script>",
    "<ScRiPt >§</sCrIpT >",
    "<script/x>§</script/y>",
    "<script\x0c>§</script>",
    "<scr<script>ipt>§</scr</script>ipt>",
    "<<script>§//<</script>",
    "<script>§",
    "<script src=data:text/javascript,§></script>",
    "<script src=//a.example/x.js></script>",
    "<img src=x onerror=§>",
    '<img src=x onerror="§"//',
    "<img/src=x/onerror=§>",
    '<img """><script>§</script>">',
    "<img src='x' onerror\x0b=\x0c§>",
    "<svg onload=§>",
    "<svg><script>§</script></svg>",
    "<svg><animate onbegin=§ attributeName=x dur=1s>",
    "<svg><style><img src=x onerror=§></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=§></style></mglyph></table></mtext></math>",
    "<body onload=§>",
    '<iframe src="javascript:§"></iframe>',
    '<iframe srcdoc="<script>§</script>"></iframe>',
    '<object data="javascript:§"></object>',
    '<embed src="javascript:§">',
    '<form><button formaction="javascript:§" autofocus>x</button></form>',
    "<input autofocus onfocus=§>",
    "<select autofocus onfocus=§>",
    "<textarea autofocus onfocus=§>",
    "<video><source onerror=§></video>",
    "<audio src=x onerror=§></audio>",
    "<details open ontoggle=§>x</details>",
    "<marquee onstart=§>x</marquee>",
    '<meta http-equiv=refresh content="0;url=javascript:§">',
    '<base href="javascript:§//">',
    '<link rel=stylesheet href="javascript:§">',
    "<style>@import 'javascript:§';</style>",
    '<div style="background:url(javascript:§)">x</div>',
    '<div style="width:expression(§)">x</div>',
    "<xss id=x tabindex=1 onfocus=§></xss>",
    "<p onmouseover=§>x</p>",
    "<template><script>§</script></template>",
    # Out of what surrounds it.
    "</pre><script>§</script>",
    "</span></pre></div></main></body><script>§</script>",
    "</title><script>§</script>",
    "</textarea><script>§</script>",
    "</style><script>§</script>",
    "--><script>§</script><!--",
    "]]><script>§</script><![CDATA[",
    "?><script>§</script><?",
    '"><script>§</script>',
    "'><script>§</script>",
    '" onmouseover=§ x="',
    "' onmouseover=§ x='",
    '" autofocus onfocus=§ x="',
    "` onmouseover=§ `",
    "</script><script>§</script>",
    '";§;"',
    "';§;'",
    '\\";§;//',
    "{{constructor.constructor('§')()}}",
    "${§}",
    "{% raw %}<script>§</script>",
    # Links.
    "javascript:§",
    "JaVaScRiPt:§",
    "java\tscript:§",
    "java\nscript:§",
    "\x01javascript:§",
    "javascript&colon;§",
    "&#106;avascript:§",
    "jav&#x09;ascript:§",
    "javascript://a.example/%0a§",
    "javascript:http://a.example/§",
    "vbscript:§",
    "data:text/html,<script>§</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    'http://a.example/"onmouseover="§',
    "http://a.example/'onmouseover='§",
    "http://a.example/<script>§</script>",
    "http://a.example/&quot;onmouseover=§",
    "http://javascript:§@a.example/",
    "https://a.example/`onmouseover=§`",
    "<javascript:§>",
    '<http://a.example/"><script>§</script>>',
    '<a href="javascript:§">http://a.example/</a>',
    '<a href="&#1;javascript:§">x</a>',
    "<a href='java&Tab;script:§'>x</a>",
    '<a href="http://a.example/&quot; onmouseover=&quot;§">x</a>',
    '<a href="http://a.example/&lt;script&gt;§&lt;/script&gt;">x</a>',
    # Message-IDs and addresses.
    '<1"onmouseover="§@x.example>',
    "<1'onmouseover='§@x.example>",
    "<1&lt;script&gt;@x.example>",
    'a"><script>§</script>@x.example',
    # Escaped, to be unescaped once too often.
    "&lt;script&gt;§&lt;/script&gt;",
    "&amp;lt;script&amp;gt;§&amp;lt;/script&amp;gt;",
    "&#60;script&#62;§&#60;/script&#62;",
    "&#x3c;script&#x3e;§&#x3c;/script&#x3e;",
    "%3Cscript%3E§%3C/script%3E",
    "\\u003cscript\\u003e§\\u003c/script\\u003e",
    "\\x3cscript\\x3e§\\x3c/script\\x3e",
    # Charsets.
    "+ADw-script+AD4-§+ADw-/script+AD4-",
    "\uff1cscript\uff1e§\uff1c/script\uff1e",
    "\u02b9><script>§</script>",
    "\x1b$B<script>§</script>\x1b(B",
    "\x1b(J<script>§</script>",
    "~{<script>§</script>~}",
    "<script\x00>§</script\x00>",
    "<\x00script>§</script>",
    "<img src=x \x00onerror=§>",
    "\u2028<script>§</script>",
    "\u202e<script>§</script>",
    "\ufeff<script>§</script>",
    # Text that is looked at line by line.
    "> <script>§</script>",
    "-- \n<script>§</script>",
    "diff --git a/<script>§</script> b/<script>§</script>\n--- a/x\n+++ b/<img src=x onerror=§>\n@@ -1 +1 @@ <script>§</script>\n-<b>\n+<script>§</script>",
    ' "><script>§</script> | 2 +-\n 1 file changed, 1 insertion(+)\n\ndiff --git a/"><script>§</script> b/"><script>§</script>',
    "On <script>§</script> wrote:\n> x",
)  # fmt: skip  # a list
"""Texts with ``§`` where the script goes."""

_TYPES: Final = (
    "text/plain", "text/html", "text/plain; charset=utf-7", "text/html; charset=utf-7", "text/plain; charset=utf-16",
    "text/plain; charset=iso-2022-jp", "text/plain; charset=hz-gb-2312", "text/plain; format=flowed; delsp=yes",
    "text/enriched", "text/xml", "text/javascript", "text/css", "image/svg+xml", "application/xhtml+xml",
    "application/javascript", "multipart/x-mixed-replace", "message/rfc822", 'x/"><script>', "<script>/<script>",
)  # fmt: skip  # a list


def payloads() -> list[str]:
    """Return all payloads with the script in them."""
    return [payload.replace("§", SCRIPT) for payload in PAYLOADS]


def mails() -> Iterator[bytes]:
    """Yield messages that have each payload in their text and in every field, and the others in what else there is."""
    for at, payload in enumerate(payloads()):
        yield _everywhere(at, payload)
        yield _parts(at, payload)
        yield _typed(at, payload)


def _head(name: str, at: int, *fields: str) -> list[str]:
    return [
        f"From: {name} {at} <{name}{at}@x.example>",
        f"Message-ID: <{name}.{at}@x.example>",
        f"Date: Thu, {at % 28 + 1} Jan 2004 12:00:00 +0000",
        *fields,
    ]


def _one_line(payload: str) -> str:
    return payload.replace("\n", " ").replace("\r", " ")


def _word(payload: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(payload.encode()).decode()}?="


def _mail(lines: list[str], body: str | bytes) -> bytes:
    octets = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    return "\n".join([*lines, "", ""]).encode("utf-8", "replace") + octets + b"\n"


def _everywhere(at: int, payload: str) -> bytes:
    """Return a plain text with the payload in it and in all fields, as it is or in an encoded word."""
    line = _one_line(payload)
    fields = [
        f'From: "{line}" <{line}@x.example>',
        f"To: {line}, {_word(line)} <a@x.example>",
        f"Cc: {_word(payload)}",
        f"Subject: {line if at % 2 else _word(payload)}",
        f"Date: Thu, {at % 28 + 1} Jan 2004 12:00:00 +0000 ({line})",
        f"Message-ID: <{''.join(each for each in line if '!' <= each <= '~' and each not in '<>@')[:180]}{at}@x.example>",
        f"References: <{line}@x.example>",
        f"In-Reply-To: <{line}@x.example>",
        f"List-Id: {line} <{line}>",
        f"List-Archive: <{line}>",
        f"List-Post: <mailto:{line}>",
        f"Archived-At: <{line}>",
        f"X-Mailer: {line}",
        f"Content-Description: {line}",
    ]
    return _mail(fields, f"{payload}\n\n> {line}\n> > {line}\n<{line}@x.example>\n")


def _parts(at: int, payload: str) -> bytes:
    """Return a multipart with the payload in file names, types, descriptions, and as HTML, encoded both ways."""
    line = _one_line(payload)
    quoted = line.replace("\\", "\\\\").replace('"', '\\"')
    percent = "".join(f"%{octet:02x}" for octet in payload.encode("utf-8", "replace"))
    lines = _head(
        "parts", at, 'Content-Type: multipart/mixed; boundary="b"', f"Subject: parts {at}"
    )
    parts = [
        ("Content-Type: text/plain", payload.encode("utf-8", "replace")),
        (
            "Content-Type: text/html\nContent-Transfer-Encoding: base64",
            base64.encodebytes(payload.encode("utf-8", "replace")),
        ),
        (
            "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
            quopri.encodestring(payload.encode("utf-8", "replace")),
        ),
        (f'Content-Type: text/plain; name="{quoted}"', payload.encode("utf-8", "replace")),
        (
            f"Content-Type: text/html\nContent-Disposition: attachment; filename*=utf-8''{percent}",
            payload.encode("utf-8", "replace"),
        ),
        (
            f'Content-Type: image/png; name="{_word(payload)}.png"',
            b"\x89PNG\r\n\x1a\n" + line.encode("utf-8", "replace"),
        ),
        (
            f'Content-Type: image/svg+xml; name="{quoted}.svg"',
            b"<svg xmlns='http://www.w3.org/2000/svg'>" + line.encode("utf-8", "replace"),
        ),
        (f"Content-Type: message/rfc822\nContent-Description: {line}", _everywhere(at, payload)),
        (f"Content-Type: {line}/{line}; x={line}", line.encode("utf-8", "replace")),
    ]
    body = b"".join(
        b"--b\n%b\n\n%b\n" % (head.encode("utf-8", "replace"), text) for head, text in parts
    )
    return _mail(lines, body + b"--b--")


def _typed(at: int, payload: str) -> bytes:
    """Return a message of one of many types that has the payload as its body."""
    kind = _TYPES[at % len(_TYPES)]
    octets = payload.encode("utf-16" if "utf-16" in kind else "utf-8", "replace")
    lines = _head(
        "typed", at, f"Content-Type: {kind}", f"Subject: typed {at}", "Content-Disposition: inline"
    )
    return _mail([*lines, "Content-Transfer-Encoding: base64"], base64.encodebytes(octets))
