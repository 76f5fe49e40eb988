"""The edge over real sockets: connections that dawdle, more calls than the server takes, an end in grace."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from cds.web.admission import Admission
from cds.web.connection import TimedConnection
from cds.web.door import STATE, Door
from cds.web.guard import Guard
from cds.web.metrics import Metrics
from tests.server.conftest import free_port, running, serving

SERVICE = "nl-lenalidomide-order-select"


class Impatient(TimedConnection):
    """The same connection, closed after a third of a second."""

    header_seconds = 0.3


async def fine(scope, receive, send):
    """Answer every request; an application with nothing in it."""
    if scope["type"] == "http":
        await Response("fine")(scope, receive, send)


@pytest.fixture
def impatient() -> Iterator[int]:
    port = free_port()
    with serving(fine, port, Impatient):
        yield port


def ends(connection: socket.socket) -> bytes:
    """Everything the server sends until it closes the connection; fails after 5 s."""
    connection.settimeout(5)
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_a_connection_whose_headers_do_not_come_is_closed(impatient, begun):
    with socket.create_connection(("127.0.0.1", impatient)) as connection:
        connection.sendall(begun)
        assert ends(connection) == b""


def test_dripping_headers_do_not_move_the_time(impatient):
    with socket.create_connection(("127.0.0.1", impatient)) as connection:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX-Very-Slow-Header: still coming":
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - started < 3


def test_the_time_begins_anew_with_every_request_of_a_connection(impatient):
    with socket.create_connection(("127.0.0.1", impatient)) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while not connection.recv(65536).endswith(b"fine"):
                pass
            time.sleep(0.2)
        connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert ends(connection) == b""


async def echo(scope, receive, send):
    """Answer with the body of the request; /nothing is answered before it is read, /for-ever is not answered."""
    if scope["type"] != "http":
        return
    body = b"nothing" if scope["path"] == "/nothing" else await Request(scope, receive).body()
    if scope["path"] == "/for-ever":
        await receive()  # until the client is gone
    await Response(body)(scope, receive, send)


def post(path: bytes, body: bytes, head: bytes = b"") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: a\r\n%bContent-Length: %d\r\n\r\n%b" % (path, head, len(body), body)


@pytest.fixture
def guarded() -> Iterator[int]:
    port = free_port()
    with serving(Guard(echo, metrics=Metrics(), max_in_flight=10), port):
        yield port


@pytest.mark.parametrize(
    ("after", "answers"),
    [
        (post(b"/" + b"a" * 9000, b"of another") + post(b"/", b"third"), [200, 414]),
        (post(b"/" + b"a" * 90_000, b"of another") + post(b"/", b"third"), [200, 414]),
        (b"not HTTP\r\n\r\n", []),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", []),
        (post(b"/", b"second") + b"not HTTP\r\n\r\n", []),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk", []),
    ],
    ids=["an address too long", "by far", "no HTTP", "no length", "no HTTP after another", "no chunk"],
)
def test_what_is_wrong_with_a_request_changes_no_answer_before_it(guarded, after, answers):
    with socket.create_connection(("127.0.0.1", guarded)) as connection:
        connection.sendall(post(b"/", b"first") + after)
        received = ends(connection)
    assert [int(answer[:3]) for answer in received.split(b"HTTP/1.1 ")[1:]] == answers
    assert received.count(b"\r\n\r\nfirst") == len(answers[:1])
    assert b"first" + b"of another" not in received


def is_cut_off(connection: socket.socket, sent: bytes) -> bool:
    """Say whether the connection is closed while these bytes are sent a thousand times."""
    connection.settimeout(60)
    try:
        for _ in range(1000):
            connection.sendall(sent)
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("path", [b"/", b"/for-ever"], ids=["answered", "at work"])
def test_headers_without_end_after_a_request_end_the_connection(guarded, path):
    with socket.create_connection(("127.0.0.1", guarded)) as connection:
        connection.sendall(post(path, b"first") + b"GET / HTTP/1.1\r\n")
        assert is_cut_off(connection, b"X: " + b"a" * 60_000 + b"\r\n")


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n"),
        (b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", b"a"),
        (b"POST /nothing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
    ids=["an empty line", "a byte of a body", "a chunk of a body"],
)
def test_what_comes_after_an_answer_does_not_keep_the_connection_open(request_, more):
    port = free_port()
    with serving(echo, port, Impatient), socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request_)
        while not connection.recv(65536).endswith(b"nothing"):
            pass
        connection.sendall(more)
        assert ends(connection) == b""


def test_a_body_that_was_answered_before_it_came_leaves_the_connection_of_use(guarded):
    with socket.create_connection(("127.0.0.1", guarded)) as connection:
        connection.settimeout(60)
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nfir")
        while not connection.recv(65536).endswith(b"nothing"):
            pass
        connection.sendall(b"st " + post(b"/", b"second"))
        assert connection.recv(65536).endswith(b"second")


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_a_request_to_change_the_protocol_is_answered_as_if_it_had_not_asked(guarded, protocol):
    head = b"Connection: Upgrade\r\nUpgrade: %b\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==\r\n" % protocol
    with socket.create_connection(("127.0.0.1", guarded)) as connection:
        connection.settimeout(60)
        for at_first in (100, -5, None):  # how much of the request comes at first
            request = post(b"/", b"of this call", head)
            connection.sendall(request[:at_first])
            time.sleep(0.1)
            connection.sendall(request[len(request[:at_first]) :])
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"of this call")
            assert b"x-request-id" in answer


def test_two_hundred_dawdlers_do_not_stop_good_traffic():
    with running(guidelines=("nl-lenalidomide",)) as server:
        port = int(server.settings.public_url.rpartition(":")[2])
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                connection.sendall(b"POST /cds-services/x HTTP/1.1\r\nHost: a\r\n")
            body = server.request("renal-failure", "order-select")
            assert server.call(SERVICE, body).status_code == 200


@pytest.mark.parametrize("path", [f"/cds-services/{SERVICE}", f"/cds-services/{SERVICE}/feedback"])
def test_bodies_that_do_not_come_hold_up_nobody_else(path):
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    with (
        running(guidelines=("nl-lenalidomide",), max_in_flight=20, max_wait_ms=10_000) as server,
        contextlib.ExitStack() as stack,
    ):
        port = int(server.settings.public_url.rpartition(":")[2])
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(40)]
        for connection in silent:
            connection.sendall(head.encode())
        with ThreadPoolExecutor(6) as chart:
            body = server.request("renal-failure", "order-select")
            answers = list(chart.map(lambda _: server.call(SERVICE, body).status_code, range(6)))
        assert answers == [200] * 6
        given_up = ends(silent[0])
    assert given_up.startswith(b"HTTP/1.1 503 ")
    assert given_up.count(b"HTTP/1.1") == 1
    assert b"retry-after: 1" in given_up


def test_headers_of_refused_calls_are_no_load_until_their_bodies_come():
    admission = Admission(0.01, first_guess=0.01, clock=lambda: 0.0)
    for _ in range(2):
        admission.take_place("others", is_whole=True)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {STATE: Door(admission, Metrics(), max_bodies=10)}

    port = free_port()
    with contextlib.ExitStack() as stack:
        stack.enter_context(serving(Starlette(lifespan=lifespan), port))
        refused = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(10)]
        for connection in refused:
            connection.sendall(b"POST /cds-services/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
            assert b" 503 " in connection.recv(65536)
        assert not admission.is_overloaded
        for connection in refused:
            connection.sendall(b"{}GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b" 404 " in connection.recv(65536)
        assert admission.is_overloaded


def test_more_calls_than_can_be_answered_in_time_are_refused_and_the_others_answered():
    with running(guidelines=("nl-lenalidomide",), max_wait_ms=1) as server, ThreadPoolExecutor(16) as pool:
        body = server.request("renal-failure", "order-select")
        answers = list(pool.map(lambda _: server.call(SERVICE, body), range(48)))
    assert {answer.status_code for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
        else:
            assert answer.json()["cards"]


def test_a_client_that_calls_too_often_is_told_so():
    with running(guidelines=("nl-lenalidomide",), client_calls_per_second=2) as server:
        body = server.request("renal-failure", "order-select")
        statuses = [server.call(SERVICE, body).status_code for _ in range(4)]
    assert 429 in statuses
    assert statuses[0] == 200


def test_every_answer_carries_the_request_id(server):
    assert server.http.get("/cds-services", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert len(server.http.get("/nothing").headers["x-request-id"]) == 36


def test_a_terminated_server_says_so_goes_on_answering_for_a_while_and_ends_in_order(tmp_path):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CDS_")},
        "CDS_DATABASE": f"sqlite:///{tmp_path / 'd.sqlite3'}",
        "CDS_PUBLIC_URL": address,
        "CDS_GUIDELINES": "nl-lenalidomide",
        "CDS_DRAIN_SECONDS": "2",
    }
    command = [sys.executable, "-m", "cds", "serve", "--sandbox", "--port", str(port)]
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process,
        httpx.Client(base_url=address, trust_env=False, timeout=10) as http,
    ):
        try:
            assert any("Serving" in line for line in process.stdout)
            assert http.get("/readyz").status_code == 200
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            answer = http.get("/readyz")
            assert (answer.status_code, answer.json()["server"]) == (503, "is ending")
            assert http.get("/cds-services").status_code == 200
            assert process.wait(timeout=20) == 0
        finally:
            if process.poll() is None:
                process.kill()


def test_a_client_that_goes_away_in_mid_call_leaves_nothing_behind(server):
    port = int(server.settings.public_url.rpartition(":")[2])
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                b"POST /cds-services/nl-lenalidomide-order-select HTTP/1.1\r\nHost: a\r\n"
                b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
            )
    threading.Event().wait(0.2)
    assert server.call(SERVICE, server.request("renal-failure", "order-select")).status_code == 200
    gauge = next(line for line in server.http.get("/metrics").text.splitlines() if line.startswith("cds_in_flight "))
    assert float(gauge.split()[1]) <= 2
