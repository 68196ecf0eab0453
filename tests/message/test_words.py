from __future__ import annotations

import pytest

from storage.message.words import MAX_VALUE, decode


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b" one\n two\tthree ", "one two three"),
        (b"=?utf-8?Q?h=C3=A9_y?=", "hé y"),
        (b"=?UTF-8?q?h=c3=a9?=", "hé"),
        (b"=?iso-8859-1?Q?caf=E9?=", "café"),
        (b"=?iso-8859-1?Q?=93x=94?=", "“x”"),
        (b"=?utf-8?B?aGk=?=", "hi"),
        (b"=?utf-8?B?aGk?=", "hi"),
        (b"=?utf-8?B?aGkaG?=", "hi "),
        (b"=?utf-8?B?5pel5pys6Kq=?= =?utf-8?B?nuODhuOCueODiA==?=", "日本語テスト"),
        (b"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        (b"=?utf-8?Q?a?=\n =?iso-8859-2?Q?=B1?=", "aą"),
        (b"=?utf-8?Q?a?= and =?utf-8?Q?b?=", "a and b"),
        (b"x=?utf-8?Q?a?=y", "xay"),
        (b"=?utf-8*en?Q?hello?=", "hello"),
        (b"=?utf-8?Q?a b c?=", "a b c"),
        (b"=?utf-8?Q??=", ""),
        (b"=?utf-8?B??=", ""),
        (b"=?utf-8?B?%%%?=", "=?utf-8?B?%%%?="),
        (b"=?utf-8?Q?abc", "=?utf-8?Q?abc"),
        (b"=?x-klingon?Q?abc?=", "abc"),
        (b"=?us-ascii?Q?h=E9?=", "hé"),
        (b"=?rot13?Q?abc?=", "abc"),
        (b"=?unicode_escape?Q?=5Cu0041?=", "\\u0041"),
        (b"=?../../etc/passwd?Q?abc?=", "abc"),
        (b"=?gb2312?B?w/vX1g==?=", "名字"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"\x1b$BF|K\\\x1b(B", "日本"),
        ("café =?utf-8?Q?caf=C3=A9?=".encode(), "café café"),
        (b"caf\xe9", "café"),
        (b"\x81 undefined", "\ufffd undefined"),
        (b"\x1b[31mred\x07\x7f", " [31mred  "),
        (b"=?utf-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
        (b"=?utf-8?B?AGEA?=", " a "),
        (b"=?utf-7?Q?+2AA-?=", "\ufffd"),
    ],
)
def test_values_are_shown_as_text(value: bytes, text: str) -> None:
    assert decode(value) == text


def test_only_so_much_is_looked_at() -> None:
    assert decode(b"x" * (MAX_VALUE + 1)) == "x" * MAX_VALUE
