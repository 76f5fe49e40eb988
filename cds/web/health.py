"""/livez, /readyz and /metrics: what an orchestrator and a monitoring system ask."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from cds.decisions.log import DecisionLog
from cds.service import Serving
from cds.web.metrics import Metrics


class Draining:
    """Whether the server is about to end: it still answers, and tells load balancers to send nothing new."""

    def __init__(self) -> None:
        self.begun = False


def health_router(decision_log: DecisionLog, metrics: Metrics, serving: Serving, draining: Draining) -> APIRouter:
    """Return the routes; none of them tells anything about patients or configuration.

    The server does not listen before its content is loaded, so what is left to ask is the database.
    """
    router = APIRouter(tags=["health"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        """Say whether new calls should come: not when the server is ending or the database does not answer."""
        if draining.begun:
            response.status_code = 503
            return {"status": "not ready", "server": "is ending"}
        try:
            database = await decision_log.is_ready()
        except (SQLAlchemyError, OSError):
            database = False
        if not database:
            response.status_code = 503
            return {"status": "not ready", "database": "does not answer"}
        return {"status": "ready", **({"content": serving.fault} if serving.fault else {})}

    @router.get("/metrics")
    async def prometheus() -> Response:
        """Return the metrics in Prometheus' text form."""
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return router
