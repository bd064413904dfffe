import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from pipeline.command.guide_server import origins, serving
from pipeline.errors import ConfigurationError

BROWSER = "http://127.0.0.1:7474"


@pytest.fixture
def port() -> Iterator[int]:
    with serving({"films.html": ("text/html", "<slide>Ä</slide>")}, origins(f"{BROWSER}/browser/")) as address:
        assert address.startswith("http://localhost:")
        yield int(address.rpartition(":")[2])


def asked(port: int, method: str, path: str, host: str = "127.0.0.1", **headers: str) -> HTTPResponse:
    connection = HTTPConnection(host, port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    response.text = response.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return response


def test_a_text_is_given_to_browser_and_to_no_other_page(port: int) -> None:
    given = asked(port, "GET", "/films.html", Origin=BROWSER)
    assert (given.status, given.text) == (200, "<slide>Ä</slide>")  # type: ignore[attr-defined]
    assert given.getheader("Content-Type") == "text/html; charset=utf-8"
    assert given.getheader("Access-Control-Allow-Origin") == BROWSER
    assert asked(port, "GET", "/films.html", Origin="http://evil.example").getheader("Access-Control-Allow-Origin") is None
    assert asked(port, "GET", "/films.html").getheader("Access-Control-Allow-Origin") is None


def test_browser_may_ask_with_headers_of_its_own(port: int) -> None:
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "cache-control,pragma"}
    allowed = asked(port, "OPTIONS", "/films.html", Origin=BROWSER, **asks)
    assert (allowed.status, allowed.getheader("Access-Control-Allow-Headers")) == (204, "*")
    refused = asked(port, "OPTIONS", "/films.html", Origin="http://evil.example", **asks)
    assert refused.getheader("Access-Control-Allow-Origin") is None
    assert refused.getheader("Access-Control-Allow-Headers") is None


@pytest.mark.parametrize("path", ["/", "/other.html", "/../etc/passwd", "//films.html/..", "/films.html/"])
def test_nothing_else_is_there(port: int, path: str) -> None:
    assert asked(port, "GET", path, Origin=BROWSER).status == 404


def test_another_name_for_this_machine_gets_nothing(port: int) -> None:
    assert asked(port, "GET", "/films.html", Host="evil.example").status == 404
    assert asked(port, "GET", "/films.html", Host=f"localhost:{port}").status == 200


def test_only_loopback_is_listened_on(port: int) -> None:
    with socket.socket() as other:
        # On another address the port is free.
        other.bind(("127.0.0.2", port))


def test_it_ends_with_the_block() -> None:
    with serving({}, []) as address:
        port = int(address.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        asked(port, "GET", "/")


def test_browser_has_both_names_of_the_loopback_address() -> None:
    assert origins("http://localhost:7474/browser/") == {"http://localhost:7474", BROWSER}
    assert origins("https://graph.example/browser/?x=1") == {"https://graph.example"}


@pytest.mark.parametrize(
    "address", ["", "graph.example", "bolt://graph.example", "http://", "http://a:b:c/", "javascript:alert(1)"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="is no address of Neo4j Browser"):
        origins(address)
