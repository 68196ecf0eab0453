"""Debian's Chromium without a window, driven over a pipe by its own DevTools protocol: pages seen, clicked and typed into."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["CHROMIUM", "Browser", "Tab", "browsing"]

CHROMIUM: Final = "chromium"
"""What Debian calls the program."""

_PATIENCE: Final = 60
"""Seconds that the browser may take for anything."""

_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",  # root may not have one
    "--disable-gpu",
    "--disable-dev-shm-usage",  # which is small in containers
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--password-store=basic",
    "--use-mock-keychain",
    "--remote-debugging-pipe",
)

_KEYS: Final = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
}


@contextlib.contextmanager
def browsing(home: Path) -> Iterator[Browser]:
    """Run a browser as long as this lasts; it keeps what it must in a folder."""
    with contextlib.ExitStack() as stack:
        theirs_in, ours_out = _pipe(stack)
        ours_in, theirs_out = _pipe(stack)
        # The protocol is spoken on descriptors 3 and 4.
        command = [
            "bash",
            "-c",
            'exec "${@:3}" 3<&"$1" 4>&"$2"',
            "bash",
            f"{theirs_in}",
            f"{theirs_out}",
        ]
        options = (*_OPTIONS, f"--user-data-dir={home / 'profile'}")
        log = stack.enter_context((home / "browser.log").open("wb"))
        process = stack.enter_context(
            subprocess.Popen(
                [*command, CHROMIUM, *options, "about:blank"],
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"HOME": str(home), "TZ": "UTC", "LANG": "C.UTF-8"},
                start_new_session=True,
            )
        )
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(ours_in, ours_out)
        finally:
            _end(process, ours_out)


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """Return the ends of a pipe, with numbers that stand in nobody's way."""
    ends = []
    for low in os.pipe():
        ends.append(fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(low)
        stack.callback(_closed, ends[-1])
    return ends[0], ends[1]


def _closed(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _end(process: subprocess.Popen[bytes], ours_out: int) -> None:
    """End the browser, which goes when nobody speaks to it any more, and whatever it began."""
    os.close(ours_out)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE / 4)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)


class BrowserError(Exception):
    """The browser refuses, or a script in it failed."""


class Browser:
    """A connection to a browser."""

    def __init__(self, ours_in: int, ours_out: int) -> None:
        self._in = ours_in
        self._out = ours_out
        self._calls = 0
        self._pending = b""
        self._events: list[dict[str, Any]] = []

    def tab(self) -> Tab:
        """Open a tab of its own: nothing visited, nothing kept."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        return Tab(self, attached["sessionId"], context)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Return what the browser answers to a call."""
        self._calls += 1
        said: dict[str, Any] = {"id": self._calls, "method": method, "params": parameters}
        if session:
            said["sessionId"] = session
        _write(self._out, json.dumps(said).encode() + b"\0")
        number = self._calls
        while True:
            heard = self._hear()
            if heard.get("id") != number:
                self._events.append(heard)
            elif "error" in heard:
                raise BrowserError(f"{method}: {heard['error']}")
            else:
                result: dict[str, Any] = heard["result"]
                return result

    def events(self, session: str) -> Iterator[dict[str, Any]]:
        """Yield what happened in a tab, and wait for more."""
        while True:
            for at, event in enumerate(self._events):
                if event.get("sessionId") == session:
                    yield self._events.pop(at)
                    break
            else:
                self._events.append(self._hear())

    def _hear(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._in], [], [], max(0, until - time.monotonic()))
            octets = os.read(self._in, 1 << 20) if ready else b""
            if not octets:
                raise BrowserError("the browser is gone" if ready else "the browser says nothing")
            self._pending += octets
        said, _, self._pending = self._pending.partition(b"\0")
        heard: dict[str, Any] = json.loads(said)
        return heard


def _write(descriptor: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(descriptor, octets) :]


@dataclass(slots=True)
class Tab:
    """A tab, and what was seen in it since it was last asked: what it requested, what it complained of, dialogs."""

    browser: Browser
    session: str
    context: str
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            self.call(f"{domain}.enable")
        self.see(1280)

    def close(self) -> None:
        """Forget all of it."""
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return what the browser answers to a call that concerns this tab."""
        return self.browser.call(method, self.session, **parameters)

    def see(self, width: int, *, dark: bool = False, height: int = 800) -> None:
        """Be a screen so wide, of a reader who likes it light or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def go(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        answer = self.call("Page.navigate", url=url)
        if answer.get("errorText") and not answer.get("isDownload"):
            raise BrowserError(f"{url}: {answer['errorText']}")
        if "loaderId" in answer and not answer.get("isDownload"):
            self._wait("Page.loadEventFired")
        self.look_back()

    def act(self, action: Callable[[], object]) -> None:
        """Do what leads to another page, and wait until it is loaded."""
        self.look_back()
        action()
        self._wait("Page.loadEventFired")

    def click(self, selector: str) -> None:
        """Click on the first element that a selector finds, which leads to another page."""
        self.act(lambda: self.press(selector))

    def press(self, selector: str) -> None:
        """Click on the first element that a selector finds."""
        place = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "if (!e) return null; e.scrollIntoView({block: 'center'});"
            "const b = e.getClientRects()[0]; return [b.left + Math.min(b.width / 2, 20), b.top + b.height / 2]; })()"
        )
        assert place, f"{self.url}: there is no {selector}"
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def key(self, name: str) -> None:
        """Press a key."""
        code, text = _KEYS[name]
        values = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **values)
        self.call("Input.dispatchKeyEvent", type="keyUp", **values)

    def write(self, text: str) -> None:
        """Type text."""
        self.call("Input.insertText", text=text)

    def run(self, script: str) -> Any:
        """Return what a script comes to in the page."""
        done = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in done:
            raise BrowserError(json.dumps(done["exceptionDetails"]))
        return done["result"].get("value")

    @property
    def url(self) -> str:
        """The address of the page."""
        return str(self.run("location.href"))

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return str(self.run("document.body.innerText"))

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Write a picture of the page, or of as much as the screen shows."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def look_back(self) -> None:
        """Note what has happened until now."""
        self.call("Runtime.evaluate", expression="0")  # what came before this has been heard
        for event in [
            each for each in self.browser._events if each.get("sessionId") == self.session
        ]:
            self.browser._events.remove(event)
            self._note(event)

    def _wait(self, method: str) -> None:
        for event in self.browser.events(self.session):
            self._note(event)
            if event["method"] == method:
                return

    def _note(self, event: dict[str, Any]) -> None:
        method, values = event["method"], event["params"]
        noted = _NOTED.get(method)
        if noted is not None:
            noted(self, values)

    def _note_request(self, values: dict[str, Any]) -> None:
        self.requested.append(values["request"]["url"])

    def _note_response(self, values: dict[str, Any]) -> None:
        self.statuses[values["response"]["url"]] = values["response"]["status"]

    def _note_log(self, values: dict[str, Any]) -> None:
        self.complaints.append(f"{values['entry']['text']} ({values['entry'].get('url')})")

    def _note_console(self, values: dict[str, Any]) -> None:
        self.complaints.append(f"console: {values['args']}")

    def _note_failure(self, values: dict[str, Any]) -> None:
        self.complaints.append(f"exception: {values['exceptionDetails']['text']}")

    def _note_issue(self, values: dict[str, Any]) -> None:
        self.complaints.append(f"issue: {values['issue']}")

    def _note_dialog(self, values: dict[str, Any]) -> None:
        self.dialogs.append(values["message"])
        self.call("Page.handleJavaScriptDialog", accept=True)


_NOTED: Final[dict[str, Callable[[Tab, dict[str, Any]], None]]] = {
    "Network.requestWillBeSent": Tab._note_request,
    "Network.responseReceived": Tab._note_response,
    "Log.entryAdded": Tab._note_log,
    "Runtime.consoleAPICalled": Tab._note_console,
    "Runtime.exceptionThrown": Tab._note_failure,
    "Audits.issueAdded": Tab._note_issue,
    "Page.javascriptDialogOpening": Tab._note_dialog,
}
