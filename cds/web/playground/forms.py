"""Read a form post of the page, and of no other page."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request

from cds.errors import BadRequest, RefusedRequest

_MAX_BYTES = 2_000_000
_MAX_FIELDS = 100


class ForeignPage(RefusedRequest):
    """Another web site tries to use the sandbox through the visitor's browser."""

    status = 403
    code = "forbidden"


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of an urlencoded body; raises `RefusedRequest`."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        msg = "the sandbox takes forms from its own page only"
        raise ForeignPage(msg)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            msg = f"the form is larger than {_MAX_BYTES} bytes"
            raise BadRequest(msg)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS))
    except ValueError:
        msg = "the form could not be read"
        raise BadRequest(msg) from None
