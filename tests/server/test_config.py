from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import (
    DEFAULT_LISTENERS,
    Config,
    Limits,
    ListConfig,
    TlsConfig,
    load,
)
from gateway.listeners import parse_listener
from gateway.passwords import PasswordHash, hash_password
from gateway.toml_table import ConfigError

HASH = str(hash_password("rabbit", iterations=1, salt=b"salt"))


def _load(folder: Path, text: str) -> Config:
    path = folder / "listgate.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(None) == _load(tmp_path, "") == Config()
    assert [each.text for each in Config().listeners["nntp"]] == ["127.0.0.1:1119"]
    assert [each.text for each in Config().listeners["imap"]] == ["127.0.0.1:1143"]
    assert [each.text for each in Config().listeners["web"]] == ["127.0.0.1:8080"]
    assert not Config().login_needs_tls


def test_everything_at_once(tmp_path: Path) -> None:
    config = _load(
        tmp_path,
        f"""
        archive = "mail"
        require_login = true
        [server]
        host = "news.example.org"
        motd = '''
Two
lines'''
        [nntp]
        listen = [":119", {{address = "[::1]:563", tls = "implicit"}}, {{address = "1119"}}]
        [imap]
        listen = "none"
        [tls]
        certificate = "tls/cert.pem"
        key = "/etc/key.pem"
        mode = "optional"
        [users]
        alice = "{HASH}"
        [limits]
        connections = 7
        idle_seconds = 180
        [lists."oss.security"]
        description = "Öffentlich"
        address = "oss-security@lists.example.org"
        readers = "anyone"
        [lists.private]
        readers = ["alice"]
        [threads]
        subject = true
        """,
    )
    assert config.archive == tmp_path / "mail"
    assert config.require_login
    assert config.server.host == "news.example.org"
    assert config.server.motd == "Two\nlines"
    assert config.listeners == {
        "nntp": (
            parse_listener(":119"),
            parse_listener("[::1]:563", tls=True),
            parse_listener("1119"),
        ),
        "imap": (),
        "web": DEFAULT_LISTENERS["web"],
        "metrics": (),
    }
    assert config.tls == TlsConfig(tmp_path / "tls/cert.pem", Path("/etc/key.pem"), "optional")
    assert not config.login_needs_tls
    assert config.users == {"alice": PasswordHash.parse(HASH)}
    assert config.limits == Limits(connections=7, idle_seconds=180)
    assert config.lists == {
        "oss.security": ListConfig("Öffentlich", "oss-security@lists.example.org", None),
        "private": ListConfig("", "", frozenset({"alice"})),
    }
    assert config.threads_by_subject is True


def test_with_a_certificate_passwords_need_tls(tmp_path: Path) -> None:
    assert _load(tmp_path, '[tls]\ncertificate = "a"\nkey = "b"').login_needs_tls


def test_every_limit_can_be_set(tmp_path: Path) -> None:
    names = Limits.__dataclass_fields__
    text = "[limits]\n" + "\n".join(f"{name} = 99999" for name in names)
    assert _load(tmp_path, text).limits == Limits(*[99999] * len(names))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("archive = ", "not TOML: "),
        ("archive = 1", "archive: expected text in quotes, not 1"),
        ('archve = "x"', "archve: not known; did you mean archive?"),
        ("zzz = 1", "zzz: not known; known are archive, users, require_login, "),
        ("require_login = 1", "require_login: expected true or false, not 1"),
        ("require_login = true", "require_login: expected at least one user in [users], not none"),
        ("nntp = 1", "nntp: expected a table, not 1"),
        ("[nntp]\nlisten = 1", "nntp.listen: expected text, or a table"),
        ('[nntp]\nlisten = ["x"]', "nntp.listen: expected HOST:PORT with a port"),
        ('[nntp]\nlisten = ["none", "1"]', "nntp.listen: expected 'none' alone"),
        (
            '[nntp]\nlisten = [{adress = "1"}]',
            "nntp.listen.adress: not known; did you mean address?",
        ),
        ('[nntp]\nlisten = [{tls = "none"}]', "nntp.listen: expected HOST:PORT"),
        (
            '[nntp]\nlisten = [{address = "1", tls = "yes"}]',
            'nntp.listen.tls: expected "implicit" or "none", not \'yes\'',
        ),
        (
            '[nntp]\nlisten = [{address = "1", tls = "implicit"}]',
            "nntp.listen: implicit TLS needs a certificate in [tls]",
        ),
        ("[imap]\nport = 1", "imap.port: not known; known are listen"),
        ('[server]\nhost = "a b"', "server.host: expected a name of letters"),
        ('[server]\nhost = "a\\u0007"', "server.host: expected text without control characters"),
        ('[tls]\nkey = "a"', "tls.certificate: expected the path of a PEM file, not nothing"),
        ('[tls]\ncertificate = "a"', "tls.key: expected the path of a PEM file, not nothing"),
        ('[tls]\nmode = "off"', 'tls.mode: expected "login" or "optional", not \'off\''),
        ('[users]\nalice = "secret"', "users.alice: expected SCRAM-SHA-256$"),
        ("[users]\nalice = 1", "users.alice: expected text in quotes, not 1"),
        (
            f'[users]\n"a\\u0007" = "{HASH}"',
            'users."a\\u0007": the text holds a prohibited character',
        ),
        (
            "[limits]\nidle_seconds = 179",
            "limits.idle_seconds: expected a whole number, 180 or more",
        ),
        ("[limits]\nconnections = 0", "limits.connections: expected a whole number, 1 or more"),
        ("[limits]\nconnections = true", "limits.connections: expected a whole number, 1 or more"),
        ("[limits]\nconnection = 5", "limits.connection: not known; did you mean connections"),
        ('[lists."a..b"]', "lists.\"a..b\": 'a..b' cannot name a list"),
        ("lists = {a = 1}", "lists.a: expected a table, not 1"),
        ("[lists.a]\nreader = []", "lists.a.reader: not known; did you mean readers?"),
        ("[lists.a]\nreaders = 1", 'lists.a.readers: expected "anyone" or a list of users, not 1'),
        ("[lists.a]\nreaders = [1]", 'lists.a.readers: expected "anyone" or a list of users'),
        ('[lists.a]\nreaders = ["b"]', "lists.a.readers: expected users of [users], not 'b'"),
        ("[threads]\nsubject = 1", 'threads.subject: expected "auto", true or false, not 1'),
    ],
)
def test_errors_name_the_file_the_key_and_what_was_expected(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'listgate.toml'}: {says}")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.toml: cannot be read: No such file"):
        load(tmp_path / "gone.toml")


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"archive = '\xff'")
    with pytest.raises(ConfigError, match=r"binary.toml: not TOML"):
        load(path)
