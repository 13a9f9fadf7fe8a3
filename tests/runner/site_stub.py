"""A small real HTTP server that answers as told, for tests of the client: nothing of ours is replaced."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Said:
    """One answer: status, JSON body and headers."""

    status: int
    body: object
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class StubSite:
    """Where it listens, what it will say (the last answer is repeated), and what it was asked."""

    url: str
    answers: list[Said]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def site(*answers: Said) -> Iterator[StubSite]:
    """A server on a free port of the loopback."""
    stub = StubSite("", list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            stub.asked.append(Asked(self.path, dict(self.headers), body))
            said = stub.answers.pop(0) if len(stub.answers) > 1 else stub.answers[0]
            content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
