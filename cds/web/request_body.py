"""Read a JSON body: the right content type, at most so many bytes, strict JSON."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from cds.errors import RefusedRequest
from cds.fhir.json import loads

_JSON_TYPES = ("application/json", "application/fhir+json")


class UnsupportedMediaType(RefusedRequest):
    """The body is not announced as JSON in UTF-8."""

    status = 415
    code = "not-supported"


class BodyTooLarge(RefusedRequest):
    """The body is larger than the server reads."""

    status = 413
    code = "too-long"


async def read_json(request: Request, *, max_bytes: int) -> Any:
    """Return the decoded body; raise `RefusedRequest` (400, 413, 415) that says why not."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() not in _JSON_TYPES:
        msg = "send the request as Content-Type: application/json"
        raise UnsupportedMediaType(msg)
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in ("", "utf-8", "utf8"):
        msg = "JSON is UTF-8: leave the charset out"
        raise UnsupportedMediaType(msg)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        msg = "compressed bodies are not read: send the body without Content-Encoding"
        raise UnsupportedMediaType(msg)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        _refuse_size(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            _refuse_size(max_bytes)
    return loads(bytes(body))


def _refuse_size(max_bytes: int) -> None:
    msg = f"the body is larger than {max_bytes} bytes (CDS_MAX_BODY_BYTES)"
    raise BodyTooLarge(msg)
