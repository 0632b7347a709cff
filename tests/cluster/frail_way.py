"""A way to the API server that breaks: it passes connections on, and cuts all of them when told."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import yaml


class FrailWay:
    """Listens on loopback and passes on to an address, until the with block ends."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.open: set[socket.socket] = set()
        self.passed = 0
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        self.cut()

    def cut(self) -> int:
        """Cut every connection there is; returns how many there were."""
        with self.lock:
            cut, self.open = self.open, set()
        for one in cut:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        return len(cut) // 2

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
                with self.lock:
                    self.open |= {near, far}
                    self.passed += 1
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self.lock:
            self.open -= {source, sink}


def address_of(config: dict[str, Any], context: str) -> tuple[str, int]:
    """Host and port of a context's API server."""
    url = urlsplit(str(_cluster(config, context)["server"]))
    return str(url.hostname), int(url.port or 443)


def detour(config: dict[str, Any], context: str, port: int, file: Path) -> None:
    """Write a kube config whose context goes by a port of this machine; TLS is verified as before."""
    cluster = _cluster(config, context)
    host, _ = address_of(config, context)
    cluster |= {"server": f"https://127.0.0.1:{port}", "tls-server-name": host}
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config | {"current-context": context}))


def _cluster(config: dict[str, Any], context: str) -> dict[str, Any]:
    named = next(one["context"]["cluster"] for one in config["contexts"] if one["name"] == context)
    found: dict[str, Any] = next(one["cluster"] for one in config["clusters"] if one["name"] == named)
    return found
