# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven by its DevTools protocol over two pipes."""
import base64
import json
import os
import subprocess
import time


class Browser:
    """A browser with one page. `problems` are messages of the console, errors
    of scripts and requests that failed."""

    def __init__(self, program, folder):
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        flags = [
            "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
            "--disable-gpu", "--no-first-run", "--no-proxy-server",
            "--disable-background-networking", "--disable-component-update",
            "--disable-dev-shm-usage", "--hide-scrollbars",
            f"--user-data-dir={folder}", "about:blank"]
        script = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
        with open(os.path.join(folder, "log"), "wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", script, program] + flags,
                pass_fds=[to_read, to_write], stdout=log, stderr=log)
        os.close(to_read)
        os.close(to_write)
        self._number = 0
        self._rest = b""
        self._session = None
        self.problems = []
        target = self._send("Target.createTarget", url="about:blank")
        self._session = self._send(
            "Target.attachToTarget", targetId=target["targetId"],
            flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._send(domain + ".enable")

    def close(self):
        self._process.terminate()
        self._process.wait(60)

    def _receive(self):
        while b"\0" not in self._rest:
            part = os.read(self._from, 1 << 20)
            if not part:
                raise RuntimeError("the browser has ended")
            self._rest += part
        message, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(message)
        self._note(message.get("method"), message.get("params"))
        return message

    def _note(self, method, params):
        if method == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.problems.append(str(params["args"]))
        elif method == "Log.entryAdded":
            self.problems.append(str(params["entry"]))

    def _send(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def size(self, width, height):
        self._send("Emulation.setDeviceMetricsOverride", width=width,
                   height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        """light or dark"""
        self._send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def go(self, url):
        self._send("Page.navigate", url=url)

    def run(self, script):
        """The value of an expression."""
        answer = self._send("Runtime.evaluate", expression=script,
                            returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition, seconds=60):
        """Waits until an expression is true; returns whether it is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.run(f"Boolean({condition})"):
                    return True
            except RuntimeError as error:
                if "has ended" in str(error):
                    raise
            time.sleep(0.05)
        return False

    def press(self, key):
        text = {"text": key} if len(key) == 1 else \
            {"text": "\r"} if key == "Enter" else {}
        code = {"Enter": 13, "Escape": 27, "Tab": 9}.get(key, 0)
        self._send("Input.dispatchKeyEvent", type="keyDown", key=key,
                   windowsVirtualKeyCode=code, **text)
        self._send("Input.dispatchKeyEvent", type="keyUp", key=key,
                   windowsVirtualKeyCode=code)

    def type(self, text):
        self._send("Input.insertText", text=text)

    def shot(self, file):
        image = self._send("Page.captureScreenshot", format="png")
        with open(file, "wb") as out:
            out.write(base64.b64decode(image["data"]))
