"""Read a form post of the page, and of no other page."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from cds.errors import BadRequest, RefusedRequest

_MAX_BYTES = 2_000_000
_MAX_FIELDS = 100
_MULTIPART_OVERHEAD = 10_000


class ForeignPage(RefusedRequest):
    """Another web site tries to use the sandbox through the visitor's browser."""

    status = 403
    code = "forbidden"


async def read_upload(request: Request, name: str, max_bytes: int) -> tuple[str, bytes]:
    """Return the file name and the content of the one file of a multipart body; raises `RefusedRequest`."""
    _refuse_foreign_pages(request)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > max_bytes + _MULTIPART_OVERHEAD:
        msg = f"the file is larger than {max_bytes} bytes"
        raise BadRequest(msg, expression=name)
    try:
        async with request.form(max_files=1, max_fields=_MAX_FIELDS) as form:
            upload = form.get(name)
            content = await upload.read() if isinstance(upload, UploadFile) else b""
            filename = upload.filename if isinstance(upload, UploadFile) else None
    except HTTPException:
        msg = "the form could not be read"
        raise BadRequest(msg) from None
    if not content:
        msg = "Choose a file first."
        raise BadRequest(msg, expression=name)
    return filename or name, content


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of an urlencoded body; raises `RefusedRequest`."""
    _refuse_foreign_pages(request)
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


def _refuse_foreign_pages(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        msg = "the sandbox takes forms from its own page only"
        raise ForeignPage(msg)
