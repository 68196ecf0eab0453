"""What holds for every command: options, usage, help, exit codes; and ``listgate password``."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

import gateway
import storage
from gateway.passwords import PasswordHash
from storage.sqlite.schema import FILE
from tests.cli.conftest import put
from tests.cli.programs import PATIENCE, Program, command, environment, ran, until
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Listgate

COMMON = ("--archive", "--config")
FACES = ("--nntp", "--imap", "--web", "--metrics")
OPTIONS = {
    "serve": (*FACES, "SOURCE"),
    "import": ("LIST", "SOURCE"),
    "lists": (),
    "show": ("LIST",),
    "thread": ("MESSAGE-ID",),
    "export": ("LIST", "--format", "mboxrd", "maildir", "eml", "--output"),
    "remove": ("LIST", "MESSAGE-ID"),
    "hide": ("LIST", "MESSAGE-ID"),
    "unhide": ("LIST", "MESSAGE-ID"),
    "check": ("--repair",),
    "demo": FACES,
    "password": (),
}


def test_the_archive_is_the_options_then_the_environments_then_the_configurations(
    listgate: Listgate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    config = tmp_path / "etc/c.toml"
    config.write_text('archive = "configured"\n')
    path = put(tmp_path / "x", mail("1"))
    with_config = ("import", "--config", str(config))
    listgate("import", "l", path)
    assert (tmp_path / "listgate-archive" / FILE).exists()
    listgate(*with_config, "l", path)
    assert (tmp_path / "etc/configured" / FILE).exists()
    monkeypatch.setenv("LISTGATE_ARCHIVE", str(tmp_path / "environment"))
    listgate(*with_config, "l", path)
    assert (tmp_path / "environment" / FILE).exists()
    listgate(*with_config, "--archive", str(tmp_path / "a/b"), "l", path)
    assert (tmp_path / "a/b" / FILE).exists()
    assert len([*tmp_path.rglob(FILE)]) == 4


def test_common_options_may_stand_before_the_command(listgate: Listgate, tmp_path: Path) -> None:
    path = put(tmp_path / "x", mail("1"))
    assert listgate("--archive", "a", "import", "l", path).code == 0
    assert listgate("--archive", "a", "lists").table[1] == ["l", "1", "1", "1"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("archive = 1\n", "archive"),
        ("[nntp]\nlisten = 'nowhere'\n", "nntp.listen"),
        ("[limits]\nconnections = 0\n", "limits.connections"),
        ('[lists."a..b"]\n', 'lists."a..b"'),
        ("colour = 'red'\n", "colour"),
        ("x = \n", "not TOML"),
    ],
)
@pytest.mark.parametrize("arguments", [("lists",), ("serve",), ("demo",), ("import", "l", "x")])
def test_a_bad_configuration_is_one_line_with_file_and_key(
    listgate: Listgate, tmp_path: Path, arguments: tuple[str, ...], text: str, told: str
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(text)
    said = listgate(*arguments, "--config", str(config))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"listgate: {config}: ")
    assert told in said.err
    assert len(said.err.splitlines()) == 1


def test_a_missing_configuration_is_refused(listgate: Listgate) -> None:
    said = listgate("lists", "--config", "missing.toml")
    assert said.code == 1
    assert said.err == "listgate: missing.toml: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("places", [("nowhere",), ("none", "127.0.0.1:0"), ("127.0.0.1:99999",)])
def test_a_place_that_is_none_is_refused(
    listgate: Listgate, tmp_path: Path, face: str, places: tuple[str, ...]
) -> None:
    options = [text for place in places for text in (face, place)]
    said = listgate("serve", *options)
    assert said.code == 1
    assert said.err.startswith(f"listgate: {face}: expected ")
    assert not (tmp_path / "listgate-archive").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("import",),
        ("import", "l"),
        ("show",),
        ("export", "l", "--format", "zip"),
        ("check", "--mend"),
        ("serve", "--nntp"),
        ("lists", "too-many"),
    ],
)
def test_usage_is_2_and_goes_to_stderr(listgate: Listgate, arguments: tuple[str, ...]) -> None:
    said = listgate.usage(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("usage: listgate")


@pytest.mark.parametrize("name", OPTIONS)
def test_help_tells_of_every_option(listgate: Listgate, name: str) -> None:
    said = listgate.usage(name, "--help")
    assert (said.code, said.err) == (0, "")
    for option in (*COMMON, *OPTIONS[name]):
        assert option in said.out


def test_help_tells_of_every_command(listgate: Listgate) -> None:
    said = listgate.usage("--help")
    assert said.code == 0
    for name in (*OPTIONS, *COMMON, "--version"):
        assert name in said.out


def test_the_defaults_are_told(listgate: Listgate) -> None:
    said = listgate.usage("serve", "--help").out
    for default in ("127.0.0.1:1119", "127.0.0.1:1143", "127.0.0.1:8080", "./listgate-archive"):
        assert default in said


def test_the_version(listgate: Listgate) -> None:
    said = listgate.usage("--version")
    assert (said.code, said.out) == (0, f"listgate {gateway.__version__}\n")


def test_packages_of_two_versions_are_refused(
    listgate: Listgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "__version__", "0.0.0.other")
    said = listgate("lists")
    assert (said.code, said.out) == (1, "")
    assert "install listgate again" in said.err
    assert len(said.err.splitlines()) == 1


def test_an_interrupted_import_says_so_by_its_exit_code_only(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    running = program("import", "l", "-")
    until((tmp_path / "listgate-archive" / FILE).exists)
    assert running.end(signal.SIGINT) == 130
    assert running.errors == ""


def test_a_password_becomes_a_hash_that_the_configuration_takes(
    listgate: Listgate, tmp_path: Path
) -> None:
    said = listgate("password", octets="pässword \n".encode())
    assert said.code == 0
    made = PasswordHash.parse(said.out.rstrip("\n"))
    assert made.verify("pässword ")
    assert not made.verify("pässword")
    config = tmp_path / "c.toml"
    config.write_text(f'[users]\nann = "{made}"\n')
    assert listgate("import", "--config", "c.toml", "l", put(tmp_path / "x", mail("1"))).code == 0


@pytest.mark.parametrize("password", [b"", b"\n", b"a\x00b\n"])
def test_what_is_no_password_is_refused(listgate: Listgate, password: bytes) -> None:
    said = listgate("password", octets=password)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("listgate: ")
    assert len(said.err.splitlines()) == 1


def test_on_a_terminal_a_password_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("password"),
        cwd=tmp_path,
        env=environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    ) as running:
        os.close(theirs)
        shown = b""
        while not shown.endswith(b"Password: "):
            shown += os.read(ours, 1000)
        os.write(ours, b"open sesame\n")
        out, _ = running.communicate(timeout=PATIENCE)
        os.close(ours)
    assert b"sesame" not in shown
    assert PasswordHash.parse(out.decode().rstrip("\n")).verify("open sesame")


def test_a_module_run_is_the_command(tmp_path: Path) -> None:
    ended = ran("--version", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"listgate {gateway.__version__}\n".encode())
