"""Rows 1 to 9: HTTP itself."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time

from cds.web import request_body
from cds.web.connection import TimedConnection
from tests.server.forty.rows import CALL, CANARY, PATIENT, SERVICE, Range, received, refused, row, statuses

HOST = b"Host: cds.example\r\n"
POST = b"POST " + CALL.encode() + b" HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


@row(
    1,
    {
        "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
        "negative length": POST + b"Content-Length: -1\r\n\r\n{}",
        "length in words": POST + b"Content-Length: two\r\n\r\n{}",
        "a request in the body": POST
        + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    },
)
def an_ambiguous_length_is_one_400_and_the_end(target: Range, request: bytes) -> None:
    assert statuses(target.raw(request)) == [400]


@row(
    2,
    {
        "no Host": b"GET /cds-services HTTP/1.1\r\n\r\n",
        "two Hosts": b"GET /cds-services HTTP/1.1\r\n" + HOST + b"Host: other.example\r\n\r\n",
        "a whole URL": b"GET http://other.example/cds-services HTTP/1.1\r\n" + HOST + b"\r\n",
        "lines that end with LF": b"GET /cds-services HTTP/1.1\nHost: cds.example\n\n",
    },
)
def a_request_without_one_clear_address_is_400(target: Range, request: bytes) -> None:
    answer = target.raw(request, then_close=True)
    assert statuses(answer) == [400]
    assert b"other.example" not in answer


@row(2)
def what_the_host_header_says_is_in_no_answer(target: Range) -> None:
    answer = target.open.http.get("/cds-services", headers={"Host": "other.example"})
    assert answer.status_code == 200
    assert "other.example" not in answer.text + str(answer.headers)


@row(
    3,
    {
        "one header of 1 MB": (b"GET /cds-services HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1_000_000, 431),
        "2,000 headers": (
            b"GET /cds-services HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: a\r\n" % number for number in range(2000)),
            431,
        ),
        "headers without end": (b"GET /cds-services HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 2_000_000, 431),
        "an address of 60 kB": (b"GET /cds-services?" + b"a" * 60_000 + b" HTTP/1.1\r\n" + HOST, 414),
        "an address of 100 kB": (b"GET /cds-services?" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST, 414),
    },
)
def headers_and_addresses_have_a_size(target: Range, case: tuple[bytes, int]) -> None:
    request, status = case
    assert statuses(target.raw(request.removesuffix(b"\r\n") + b"\r\n\r\n", then_close=True)) == [status]


@row(4)
def headers_that_drip_are_given_up_and_hold_nobody_up(target: Range) -> None:
    assert TimedConnection.header_seconds <= 10
    earlier, TimedConnection.header_seconds = TimedConnection.header_seconds, 1.0
    slow = [socket.create_connection(("127.0.0.1", target.port), timeout=60) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"GET /cds-services HTTP/1.1\r\nHo")
        target.gives_the_same_cards(target.call())
        assert {received(connection) for connection in slow} == {b""}
    finally:
        TimedConnection.header_seconds = earlier
        for connection in slow:
            connection.close()


@row(5)
def a_length_beyond_the_cap_is_413_before_the_body(target: Range) -> None:
    assert statuses(target.raw(POST + b"Content-Length: 10000000000\r\n\r\n", then_close=True)) == [413]


@row(5)
def a_body_that_drips_is_408_at_its_deadline(target: Range) -> None:
    earlier, request_body.BODY_SECONDS = request_body.BODY_SECONDS, 1.0
    try:
        with socket.create_connection(("127.0.0.1", target.port), timeout=60) as connection:
            connection.sendall(POST + b"Content-Length: 100\r\n\r\n")
            begin = time.monotonic()
            stop = threading.Event()
            threading.Thread(target=_drip, args=(connection, stop), daemon=True).start()
            assert connection.recv(12) == b"HTTP/1.1 408"
            stop.set()
            assert time.monotonic() - begin > 0.8
    finally:
        request_body.BODY_SECONDS = earlier


STALLED = b" HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n"


@row(
    5,
    {
        "feedback": b"POST " + CALL.encode() + b"/feedback" + STALLED + b"Content-Type: application/json\r\n\r\n",
        "a form": b"POST /playground/patients/renal-failure/reset" + STALLED + b"\r\n",
        "a file": b"POST /playground/package" + STALLED + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n",
        "the sandbox": b"PUT /sandbox/fhir/Observation/1" + STALLED + b"\r\n",
    },
)
def bodies_that_do_not_come_stop_nobody_and_are_given_up(target: Range, request: bytes) -> None:
    """As many as the server takes at a time, so that with half of them waiting for others there is room."""
    earlier, request_body.BODY_SECONDS = request_body.BODY_SECONDS, 2.0
    slow = [
        socket.create_connection(("127.0.0.1", target.port), timeout=60)
        for _ in range(target.open.settings.max_in_flight)
    ]
    try:
        for connection in slow:
            connection.sendall(request)
        time.sleep(0.5)
        assert target.open.http.get("/cds-services").status_code == 200
        answers = {connection.recv(12) for connection in slow}
        assert answers <= {b"HTTP/1.1 %d" % status for status in (408, 503, 200)}  # 200: a page says it in words
    finally:
        request_body.BODY_SECONDS = earlier
        for connection in slow:
            connection.close()


def _drip(connection: socket.socket, stop: threading.Event) -> None:
    with contextlib.suppress(OSError):  # it was answered, and the connection is closed
        while not stop.wait(0.1):
            connection.sendall(b" ")


@row(6)
def chunks_without_end_are_413_at_the_cap(target: Range) -> None:
    cap = target.open.settings.max_body_bytes
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", target.port), timeout=60) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 10 * cap:
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass
        assert statuses(received(connection))[:1] in ([413], [])
    assert sent < 3 * cap + 8_000_000  # what the kernel's buffers take is not held by the server


@row(7)
def a_compressed_body_is_415_unopened(target: Range) -> None:
    bomb = gzip.compress(b" " * 200_000_000, 1)
    spent = []
    for _ in range(5):
        begin = time.process_time()
        refused(target.send(bomb, **{"Content-Encoding": "gzip"}), 415)
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.5  # opened, it would take seconds


@row(
    8,
    {
        "text/plain": "text/plain",
        "a form": "application/x-www-form-urlencoded",
        "multipart": "multipart/form-data; boundary=x",
        "another charset": "application/json; charset=utf-16",
        "none": "",
    },
)
def another_content_type_is_415(target: Range, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    refused(target.open.http.post(CALL, content=target.text(), headers=headers), 415)


@row(9)
def another_method_is_405_with_allow(target: Range) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = target.open.http.request(method, CALL)
        refused(answer, 405)
        assert answer.headers["allow"] == "POST"


@row(
    9,
    {
        "an unknown id": (f"/cds-services/{CANARY}", 404),
        "dot segments": (f"/cds-services/%2e%2e/{CANARY}", 404),
        "a double slash": (f"/cds-services//{SERVICE}", 404),
        "a slash too many": (f"{CALL}/", 404),
        "a NUL": (f"{CALL}%00", 404),
        "a newline": (f"{CALL}%0d%0aX-{CANARY}: 1", 400),  # the space makes it no address at all
        "half an escape": (f"{CALL}%", 404),
        "an id of 8 kB": ("/cds-services/" + CANARY * 700, 404),
    },
)
def an_address_without_a_service_is_404(target: Range, case: tuple[str, int]) -> None:
    path, status = case
    request = b"POST " + path.encode() + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n"
    answer = target.raw(request, then_close=True)
    assert statuses(answer) == [status]
    assert CANARY.encode() not in answer
    assert PATIENT.encode() not in answer


@row(9)
def an_id_of_10_kb_is_an_address_that_is_too_long(target: Range) -> None:
    refused(target.open.http.post("/cds-services/" + CANARY * 1000, json={}), 414)
