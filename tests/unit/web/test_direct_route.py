"""A route that hands the request on as it is."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import APIRouter, FastAPI, Request, Response

from cds.web.direct_route import DirectRoute


def application() -> FastAPI:
    router = APIRouter(route_class=DirectRoute)

    @router.get("/services")
    async def services(request: Request) -> Response:
        """List them."""
        return Response(request.url.path)

    @router.post("/services/{name}/{number}", responses={400: {"description": "no"}})
    async def service(name: str, number: str, request: Request) -> Response:
        return Response(b" ".join([name.encode(), number.encode(), await request.body()]))

    app = FastAPI()
    app.include_router(router)
    return app


def asked(method: str, path: str, **options: bytes) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(application())
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await client.request(method, path, **options)

    return asyncio.run(go())


def test_the_function_gets_the_request_and_the_parameters_of_the_path():
    assert asked("GET", "/services").text == "/services"
    assert asked("POST", "/services/a%20b/7", content=b"x").text == "a b 7 x"


def test_a_wrong_method_and_a_wrong_path_are_refused_as_on_every_route():
    assert asked("POST", "/services").status_code == 405
    assert asked("GET", "/services/a").status_code == 404


def test_the_route_is_described_like_any_other():
    paths = application().openapi()["paths"]
    described = paths["/services/{name}/{number}"]["post"]
    assert [one["name"] for one in described["parameters"]] == ["name", "number"]
    assert "400" in described["responses"]
    assert paths["/services"]["get"]["description"] == "List them."
