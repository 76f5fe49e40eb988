"""The addresses of the sandbox page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from cds.errors import NotFound
from cds.service import Serving
from cds.web.playground.call_routes import call_router
from cds.web.playground.desk import Desk
from cds.web.playground.guideline_routes import guideline_router
from cds.web.playground.own_package_routes import own_package_router
from cds.web.playground.own_request_routes import own_request_router
from cds.web.playground.pages import FOLDER, page
from cds.web.playground.ports import Sandbox, Story
from cds.web.playground.visit_routes import visit_router

_FILES = {path.name: path for path in sorted((FOLDER / "static").iterdir()) if path.is_file()}


def playground_router(serving: Serving, sandbox: Sandbox, *, public_url: str, content: Sequence[Path]) -> APIRouter:
    """Return the page and its parts; `content` are the folders and packages that are served."""
    desk = Desk(serving, sandbox, public_url=public_url, content=content)
    groups: dict[str, list[Story]] = {}
    for story in sandbox.stories:
        groups.setdefault(story.group, []).append(story)
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def patients(request: Request) -> Response:
        """Say what this is, and let a patient be chosen."""
        return page(request, "patients.html", title="Choose a patient", groups=groups)

    @router.get("/playground/static/{name}")
    async def static(name: str) -> Response:
        """Give a file that the pages need: no asset comes from another host."""
        if name not in _FILES:
            msg = "there is no such file"
            raise NotFound(msg)
        return FileResponse(_FILES[name], headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"})

    router.include_router(visit_router(desk))
    router.include_router(call_router(desk))
    router.include_router(guideline_router(desk))
    router.include_router(own_request_router(desk))
    router.include_router(own_package_router(desk))
    return router
