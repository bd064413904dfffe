"""A few texts for Neo4j Browser, served on the loopback address while a command runs.

Browser fetches a guide from another origin, so it is told that it may; no other page is. Browser believes `localhost` before
anybody has logged in, and only that. The name may mean 127.0.0.1 or ::1; both are ours, so that nobody else on the machine
answers for us.
"""

import errno
import socket
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from pipeline.errors import ConfigurationError

_LOOPBACK = {"localhost", "127.0.0.1"}
_TRIES = 20


def origins(browser_url: str) -> frozenset[str]:
    """The origins that a page at this address may have; on the loopback address, under both of its names.

    Raises
    ------
    ConfigurationError
        If it is no address of a web page.
    """
    try:
        parts = urlsplit(browser_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise ConfigurationError(
            f"{browser_url!r} is no address of Neo4j Browser", hint="it looks like http://localhost:7474/browser/"
        )
    return frozenset(
        f"{parts.scheme}://{name}{f':{port}' if port else ''}" for name in (_LOOPBACK if host in _LOOPBACK else {host})
    )


@contextmanager
def serving(texts: Mapping[str, tuple[str, str]], allowed: Collection[str]) -> Iterator[str]:
    """Serve texts for the length of a block.

    Parameters
    ----------
    texts
        Media type and text by name.
    allowed
        Origins of the pages that may read them.

    Yields
    ------
    The address before the names, ``http://localhost:PORT``.
    """
    servers = _bound(_handler(texts, allowed))
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{servers[0].server_port}"
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _V6Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6


def _bound(handler: type[BaseHTTPRequestHandler]) -> list[ThreadingHTTPServer]:
    """Servers on one free port of 127.0.0.1 and, where there is IPv6, of ::1."""
    for _ in range(_TRIES):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        try:
            return [server, _V6Server(("::1", server.server_port), handler)]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return [server]  # a machine without IPv6
            server.server_close()
    raise ConfigurationError("no port is free on 127.0.0.1 and ::1 at once", hint="close other servers on this machine")


def _handler(texts: Mapping[str, tuple[str, str]], allowed: Collection[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = texts.get(urlsplit(self.path).path.removeprefix("/"))
            # Another name that leads here is somebody's trick to read what is served on this machine.
            if found is None or urlsplit(f"//{self.headers.get('Host', '')}").hostname not in _LOOPBACK:
                self.send_error(404)
                return
            kind, text = found
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            # For Browser's eyes: shown as a page of its own it has no right to anything.
            self.send_header("Content-Security-Policy", "sandbox; default-src 'none'")
            self._allow_origin()
            self.end_headers()
            self.wfile.write(body)

        def do_OPTIONS(self) -> None:
            self.send_response(204)
            if self._allow_origin():
                self.send_header("Access-Control-Allow-Methods", "GET")
                self.send_header("Access-Control-Allow-Headers", "*")
            self.end_headers()

        def _allow_origin(self) -> bool:
            origin = self.headers.get("Origin", "")
            if origin not in allowed:
                return False
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Vary", "Origin")
            return True

        def log_message(self, *_: object) -> None:
            """Say nothing of what is asked for."""

    return Handler
