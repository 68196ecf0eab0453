from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config import load
from gateway.lmtp.config import LmtpConfig
from gateway.lmtp.settings import MAX_MESSAGE
from gateway.toml_table import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, text: str) -> LmtpConfig:
    path = folder / "listgate.toml"
    path.write_text(text)
    return load(path).lmtp


def test_the_face_is_off_unless_it_is_told_where_to_listen(tmp_path: Path) -> None:
    assert read(tmp_path, "") == read(tmp_path, "[lmtp]") == LmtpConfig((), {}, MAX_MESSAGE)
    assert read(tmp_path, '[lmtp]\nlisten = "none"').listeners == ()


def test_everything_at_once(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
        [lmtp]
        listen = ["127.0.0.1:2424", "unix:/run/listgate/lmtp"]
        max_message = 100000
        addresses = {"talk@lists.example.org" = "lists.talk"}
        """,
    )
    assert [each.text for each in config.listeners] == ["127.0.0.1:2424", "unix:/run/listgate/lmtp"]
    assert config.addresses == {"talk@lists.example.org": "lists.talk"}
    assert config.max_message == 100_000
    assert [each.text for each in read(tmp_path, '[lmtp]\nlisten = "2424"').listeners] == ["2424"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("listen = 5", "lmtp.listen: expected text, or several in brackets, not 5"),
        ('listen = ["1", 2]', "lmtp.listen: expected text, or several in brackets"),
        ('listen = "nowhere"', "lmtp.listen: expected HOST:PORT"),
        ("max_message = 65535", "lmtp.max_message: expected a whole number, 65536 or more"),
        ('addresses = {"talk" = "l"}', "lmtp.addresses.talk: expected an address with '@'"),
        ('addresses = {"a@" = "l"}', "expected an address with '@'"),
        ('addresses = {"@a" = "l"}', "expected an address with '@'"),
        ('addresses = {"a@b" = "..l"}', "lmtp.addresses.\"a@b\": '..l' cannot name a list"),
        ("addresses = 1", "lmtp.addresses: expected a table"),
        ("adresses = {}", "did you mean addresses?"),
    ],
)
def test_what_is_not_understood(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"[lmtp]\n{text}")
    assert complaint in str(caught.value)
    assert str(tmp_path / "listgate.toml") in str(caught.value)
