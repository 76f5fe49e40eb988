"""A route whose function reads the request itself: nothing is left for the framework to take from it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class DirectRoute(APIRoute):
    """A route for a function that takes `request` and the parameters of the path, as text, and returns a `Response`.

    The framework would look for a body, dependencies and background tasks in every call, which our routes have not.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request; FastAPI's documented way to change that."""
        answer = self.endpoint

        async def handler(request: Request) -> Response:
            response: Response = await answer(request=request, **request.path_params)
            return response

        return handler
