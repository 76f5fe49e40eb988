"""Every answer that is not a success is an OperationOutcome that names the fault and repeats nothing of the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.errors import RefusedRequest
from cds.fhir.json import dumps
from cds.fhir.operation_outcome import operation_outcome

_ISSUE_CODES = {
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
}

# A body that is too long or too slow is not read to its end: the connection is of no further use.
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    408: {"Connection": "close"},
    413: {"Connection": "close"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "5"},
}

_log = structlog.get_logger()


def outcome_response(
    status: int,
    code: str,
    message: str,
    *,
    expressions: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an OperationOutcome with one issue as a response."""
    body = dumps(operation_outcome(code, message, expressions=expressions))
    return Response(body, status_code=status, media_type="application/fhir+json", headers=dict(headers or {}))


def install_error_responses(app: FastAPI) -> None:
    """Make every error path of the app answer with an OperationOutcome. Middleware added later is around this."""
    # A slash too many is a 404: a redirect would go wherever the Host header of the request says.
    app.router.redirect_slashes = False
    app.add_exception_handler(RefusedRequest, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(_CatchAll)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedRequest):
        raise error
    _log.info("request refused", status=error.status, code=error.code, expression=", ".join(error.expressions) or None)
    headers = _HEADERS.get(error.status)
    return outcome_response(error.status, error.code, str(error), expressions=error.expressions, headers=headers)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _ISSUE_CODES.get(HTTPStatus(error.status_code), "invalid")
    message = {
        HTTPStatus.NOT_FOUND: "there is nothing at this address",
        HTTPStatus.METHOD_NOT_ALLOWED: "this method is not allowed here; see the Allow header",
    }.get(HTTPStatus(error.status_code), HTTPStatus(error.status_code).phrase.lower())
    return outcome_response(error.status_code, code, message, headers=error.headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    member = ".".join(str(part) for part in error.errors()[0]["loc"])
    return outcome_response(400, "invalid", f"{member} is missing or mistyped", expressions=[member])


class _CatchAll:
    """Answers 500 for whatever nothing else handled.

    A handler for Exception would not do: the framework runs it outside all middleware, so that browsers miss the CORS
    headers, and raises the exception again, so that its text, which can hold patient values, ends in the server's log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on; answer for it when it fails before it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting_the_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting_the_start)
        except Exception as error:  # noqa: BLE001 - the last place that can answer
            _log.error("unexpected failure", error=type(error).__name__, places=_places(error))
            if not started:
                text = "the server failed; the fault is on record, nothing was decided"
                await outcome_response(500, "exception", text)(scope, receive, send)


def _places(error: Exception) -> str:
    """Return where the failure happened, without its message: messages can hold patient values."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places)
