"""A FHIR server whose connections break: one port per way of breaking, below HTTP libraries that would mend it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 5000\r\n\r\n"
Break = Callable[[socket.socket], None]


def reset(connection: socket.socket) -> None:
    """End with RST in place of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket) -> None:
    """Close without a word."""


def stall_after_headers(connection: socket.socket) -> None:
    connection.sendall(_HEAD)
    _until_it_is_closed(connection)


def drip(connection: socket.socket) -> None:
    """One byte of the body at a time, without end in sight: every single read is fast enough."""
    connection.sendall(_HEAD)
    with contextlib.suppress(OSError):
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.1)


def short_body(connection: socket.socket) -> None:
    """Fewer bytes than Content-Length says."""
    connection.sendall(_HEAD + b'{"resourceType": "Bundle", "type": "searchset"}')


def not_http(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


def _until_it_is_closed(connection: socket.socket) -> None:
    connection.settimeout(20)
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


BREAKS: dict[str, Break] = {
    "reset": reset,
    "hang-up": hang_up,
    "stall-after-headers": stall_after_headers,
    "drip": drip,
    "short-body": short_body,
    "not-http": not_http,
}


@contextlib.contextmanager
def breaking() -> Iterator[dict[str, str]]:
    """Listen on a port for every way of breaking; gives the FHIR base URL of each."""
    listening = {name: socket.create_server(("127.0.0.1", 0)) for name in BREAKS}
    for name, server in listening.items():
        threading.Thread(target=_serve, args=(server, BREAKS[name]), daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        free = nobody.getsockname()[1]
    ports = {name: server.getsockname()[1] for name, server in listening.items()}
    try:
        yield {
            **{name: f"http://127.0.0.1:{port}/fhir" for name, port in ports.items()},
            "refused": f"http://127.0.0.1:{free}/fhir",
            "no-tls": f"https://127.0.0.1:{ports['not-http']}/fhir",
            "no-such-host": "https://no-such-host.invalid/fhir",
        }
    finally:
        for server in listening.values():
            server.close()


def _serve(server: socket.socket, break_it: Break) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection, break_it), daemon=True).start()


def _answer(connection: socket.socket, break_it: Break) -> None:
    with connection, contextlib.suppress(OSError):
        connection.recv(65536)
        break_it(connection)
