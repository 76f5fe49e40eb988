"""Drive Debian's Chromium over its DevTools protocol: no driver to install, every request and console line seen."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_SECONDS = 120


class Refused(Exception):
    """The browser did not do what it was told."""


class Tab:
    """One page: go somewhere, do something, read what is there. What went wrong in it is in `problems`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self.hosts: set[str] = set()
        self.problems: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its result, noting the events that come in between."""
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=_SECONDS))
            if message.get("id") == self._number:
                if "error" in message:
                    raise Refused(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        event, parameters = message.get("method"), message.get("params", {})
        if event == "Network.requestWillBeSent":
            self.hosts.add(urlsplit(parameters["request"]["url"]).netloc)
        elif event == "Runtime.exceptionThrown":
            self.problems.append(str(parameters["exceptionDetails"].get("exception", {}).get("description")))
        elif event == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.problems.append(str([each.get("value") for each in parameters["args"]]))
        elif event == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression, waited for when it is a promise."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + _SECONDS
        while not self._holds(condition):
            assert time.monotonic() < end, f"did not come true: {condition}\n{self.text('body')[:2000]}"
            time.sleep(0.05)

    def _holds(self, condition: str) -> bool:
        try:
            return bool(self.run(f"Boolean({condition})"))
        except Refused:  # the page is just being left
            return False

    def go(self, url: str) -> None:
        """Open an address and wait until it is loaded, also when it is the address of the page before."""
        self.run("window.before = true")
        self.send("Page.navigate", url=url)
        self.wait(f"!window.before && document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def click(self, selector: str) -> None:
        """Click on the first element of a selector, as a script does."""
        found = self.run(
            f"(e => {{ if (!e) return false; e.scrollIntoView(); e.click(); return true }})({_first(selector)})"
        )
        assert found, f"there is no {selector}"

    def fill(self, selector: str, text: str) -> None:
        """Write a text into a field."""
        self.run(
            f"(e => {{ e.value = {json.dumps(text)}; e.dispatchEvent(new Event('change', {{bubbles: true}})) }})"
            f"({_first(selector)})"
        )

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in a file input, as the dialog of the system would."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def press(self, key: str) -> None:
        """Press a key: Tab, Enter, Space or a character."""
        codes = {"Tab": 9, "Enter": 13, "Space": 32}
        name = " " if key == "Space" else key
        text = {"Enter": "\r", "Space": " "}.get(key, key if len(key) == 1 else "")
        down = {"key": name, "code": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        self.send("Input.dispatchKeyEvent", type="keyDown", **down, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **down)

    def text(self, selector: str) -> str:
        """Return the visible text of the first element of a selector, "" where there is none."""
        return str(self.run(f"{_first(selector)}?.innerText ?? ''"))

    def count(self, selector: str) -> int:
        """Count the elements of a selector."""
        return int(self.run(f"document.querySelectorAll({json.dumps(selector)}).length"))

    def look(self, *, width: int = 1280, height: int = 900, dark: bool = False, mobile: bool = False) -> None:
        """Choose the size of the window and the colour scheme."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Write what is to be seen into a PNG file."""
        result = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(result["data"]))


def _first(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


@contextlib.contextmanager
def browsing(profile: Path) -> Iterator[Tab]:
    """Start a headless browser with a profile of its own, and end it."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        address = next(line.split()[-1] for line in process.stderr if line.startswith("DevTools listening on"))
        with connect(address, max_size=None) as control:
            control.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
            targets = json.loads(control.recv(timeout=_SECONDS))["result"]["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        page = f"ws://{urlsplit(address).netloc}/devtools/page/{target}"
        with connect(page, max_size=None) as connection:
            yield Tab(connection)
    finally:
        process.terminate()
        process.stderr.close()
        process.wait(timeout=_SECONDS)
