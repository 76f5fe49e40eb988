"""The ceiling: FastAPI and orjson that parse the call and give back bytes that were written before.

python -m tests.benchmarks.bare_service PORT ANSWER
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response


def application(answer: bytes) -> FastAPI:
    """Make the application."""
    app = FastAPI(openapi_url=None)

    @app.get("/readyz")
    async def ready() -> Response:
        return Response()

    @app.post("/cds-services/{service_id}")
    async def call(service_id: str, request: Request) -> Response:
        orjson.loads(await request.body())
        return Response(answer, media_type="application/json")

    return app


def main() -> None:
    """Serve on loopback, with the garbage collector set as `cds serve` sets it."""
    port, answer = sys.argv[1:]
    app = application(Path(answer).read_bytes())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", ws="none", log_config=None, access_log=False)


if __name__ == "__main__":
    main()
