"""The [web] and [metrics] tables of the configuration."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest

from gateway.config import load
from gateway.toml_table import ConfigError
from gateway.web.config import WebConfig

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config import Config


def loaded(folder: Path, text: str) -> Config:
    path = folder / "listgate.toml"
    path.write_text(text, "utf-8")
    return load(path)


def test_nothing_said(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    assert config.web == WebConfig()
    assert config.listeners["metrics"] == ()


def test_everything_at_once(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        [web]
        base_url = "https://lists.example.org/a/b/"
        title = "Lists"
        obfuscate = false
        trusted_proxies = ["127.0.0.1", "10.1.2.3/8", "::1"]
        proxy_field = "Forwarded"
        requests_per_second = 0
        burst = 5
        kept_octets = 1000
        keep_alive_seconds = 7
        access_log = "log/access"
        [metrics]
        listen = "127.0.0.1:9100"
        """,
    )
    assert config.web == WebConfig(
        "https://lists.example.org",
        "/a/b",
        "Lists",
        obfuscate=False,
        trusted_proxies=tuple(map(ipaddress.ip_network, ("127.0.0.1/32", "10.0.0.0/8", "::1/128"))),
        proxy_field="Forwarded",
        requests_per_second=0,
        burst=5,
        kept_octets=1000,
        keep_alive_seconds=7,
        access_log=tmp_path / "log/access",
    )
    assert [each.text for each in config.listeners["metrics"]] == ["127.0.0.1:9100"]


@pytest.mark.parametrize(
    ("url", "origin", "root"),
    [
        ("http://x", "http://x", ""),
        ("http://x/", "http://x", ""),
        ("http://[::1]:80/a", "http://[::1]:80", "/a"),
    ],
)
def test_addresses(tmp_path: Path, url: str, origin: str, root: str) -> None:
    web = loaded(tmp_path, f'[web]\nbase_url = "{url}"').web
    assert (web.origin, web.root) == (origin, root)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *(
            (f'base_url = "{url}"', "web.base_url: expected an address as https://lists.example")
            for url in ("x", "ftp://x", "http://x?y", "http://x/a b", "http://x//a", "http://u@x")
        ),
        ('trusted_proxies = "x"', "web.trusted_proxies: expected addresses or networks"),
        ('proxy_field = "Via"', 'web.proxy_field: expected "X-Forwarded-For" or "Forwarded"'),
        ("burst = 0", "web.burst: expected a whole number, 1 or more, not 0"),
        ("requests_per_second = -1", "web.requests_per_second: expected a whole number, 0 or more"),
        ("cache = 1", "web.cache: not known; "),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f"[web]\n{text}")
    assert says in str(caught.value)
