"""Bring your own: upload a guideline package, see what the linter says and the cards of the synthetic patients."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from fastapi import APIRouter, Request, Response

from cds.content.shipped import shipped_path
from cds.errors import CDSError
from cds.web.playground.desk import Desk
from cds.web.playground.forms import read_upload
from cds.web.playground.own_package import (
    MAX_FILES,
    MAX_UNPACKED_BYTES,
    MAX_UPLOAD_BYTES,
    Trial,
    read_and_check,
    try_on_patients,
)
from cds.web.playground.pages import page

_NAME = re.compile(r"[^A-Za-z0-9._-]")


def own_package_router(desk: Desk) -> APIRouter:
    """Return the address where a package can be tried; it is read in memory and forgotten with the answer."""
    router = APIRouter(prefix="/playground/package", include_in_schema=False)
    busy = asyncio.Lock()

    def show(request: Request, **more: Any) -> Response:
        limits = {"upload": MAX_UPLOAD_BYTES, "unpacked": MAX_UNPACKED_BYTES, "files": MAX_FILES}
        context: dict[str, Any] = {"fault": "", "tried": None, "trial": Trial(), "limits": limits} | more
        return page(request, "own_package.html", title="Your own guideline", patients=len(desk.stories), **context)

    @router.get("")
    async def form(request: Request) -> Response:
        """Show the form."""
        return show(request)

    @router.post("")
    async def send(request: Request) -> Response:
        """Check what was uploaded and try it, one package at a time."""
        try:
            filename, body = await read_upload(request, "package", MAX_UPLOAD_BYTES)
            name = _NAME.sub("_", filename)[-80:]
            async with busy:
                tried = await asyncio.to_thread(read_and_check, body, name, shipped_path("fhir_mappings"))
                trial = Trial()
                if tried.knowledge is not None:
                    trial = await try_on_patients(tried.knowledge, desk.world, desk.sandbox)
        except CDSError as refusal:
            return show(request, fault=str(refusal))
        return show(request, tried=tried, trial=trial)

    return router
