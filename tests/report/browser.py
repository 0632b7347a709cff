"""Debian's Chromium, headless, and the page served as Argo's UI serves an artifact: in a frame, under its policy."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
# What Argo's server sends with an artifact (server/artifacts/artifact_server.go): no script, no request but images and
# styles of its own.
ARGO_POLICY = (
    "sandbox allow-same-origin; base-uri 'none'; default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'"
)
ARGO_PANEL = 570  # pixels: the width in which Argo's UI shows an artifact beside the graph
OUTER = f'<!DOCTYPE html><title>outer</title><iframe src="/report.html" width="{ARGO_PANEL}" height="900"></iframe>'


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine; a test that needs it skips where there is none, but never in CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        words = f"there is no Chromium ({', '.join(NAMES)}): apt-get install chromium-headless-shell"
        pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)
    with sync_playwright() as driver:
        # a container's user is root, and Chromium has no sandbox for root
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(page: bytes) -> Iterator[tuple[str, list[str]]]:
    """An address whose document holds the page in a frame, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = page if self.path == "/report.html" else OUTER.encode()
            self.send_response(200 if self.path in ("/", "/report.html") else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if self.path == "/report.html":
                self.send_header("Content-Security-Policy", ARGO_POLICY)
                self.send_header("X-Frame-Options", "SAMEORIGIN")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def axe_script() -> str:
    """The accessibility checks of axe, as their package holds them."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()
