"""A Maven repository on the loopback address, with jars of a few bytes."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Repository:
    """What it serves and how it misbehaves.

    Attributes
    ----------
    files
        Content by path.
    requests
        How often each path was asked for.
    failures
        How many answers to each path still are 503.
    cuts
        How many answers to each path still break off in the middle.
    hang
        Where set, every answer stops in its middle until `release` is set; `hanging` says that one has.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    hang: bool = False
    hanging: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def remote_repos(self) -> dict[str, str]:
        return {"loopback": self.url}

    def add(self, name: str, content: bytes, version: str = "1.0") -> str:
        """Serve a jar and return its entry for a lock."""
        self.files[f"/org/example/{name}/{version}/{name}-{version}.jar"] = content
        return lock_entry(name, hashlib.sha256(content).hexdigest(), version)


def lock_entry(name: str, sha256: str, version: str = "1.0") -> str:
    return f'''
[[dependencies]]
groupId = "org.example"
artifactId = "{name}"
version = "{version}"
packaging = "jar"
sha256 = "{sha256}"
'''


def write_lock(path: Path, *entries: str) -> Path:
    path.write_text('[metadata]\ngenerated = "2026-01-01T00:00:00+00:00"\njgo_version = "3.2.0"\n' + "".join(entries))
    return path


@contextmanager
def serving() -> Iterator[Repository]:
    """A repository that answers until the block ends."""
    repository = Repository()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            repository.requests[self.path] += 1
            content = repository.files.get(self.path)
            if content is None:
                self._answer(404, b"")
            elif repository.failures[self.path] > 0:
                repository.failures[self.path] -= 1
                self._answer(503, b"")
            elif repository.cuts[self.path] > 0:
                repository.cuts[self.path] -= 1
                self._answer(200, content, sent=len(content) // 2)
                self.close_connection = True
            elif repository.hang:
                self._answer(200, content, sent=len(content) // 2)
                repository.hanging.set()
                repository.release.wait()
                self.close_connection = True
            else:
                self._answer(200, content)

        def _answer(self, status: int, content: bytes, sent: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:sent])
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        repository.url = f"http://127.0.0.1:{server.server_address[1]}/"[:-1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield repository
        finally:
            repository.release.set()
            server.shutdown()
            thread.join()
