"""`cds serve`: run the server; with `--demo`, show two real calls at itself once it is up."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from types import FrameType

import uvicorn
from rich.console import Console

from cds.app import create_app
from cds.commands.workers import Workers
from cds.decisions.log import DecisionLog
from cds.decisions.store import open_database
from cds.engine.runtime.units import validate
from cds.errors import SettingsError
from cds.logs import configure_logs
from cds.service import World
from cds.settings import Settings
from cds.traces import export_traces
from cds.web.connection import TimedConnection
from cds.web.health import Draining

_GRACE_SECONDS = 30


def serve_with_workers(settings: Settings, *, host: str, port: int, workers: int, console: Console) -> int:
    """Serve with several processes until interrupted; return the exit status."""
    configure_logs(settings.log_format)
    asyncio.run(_prepare_database(settings))
    console.print(f"fhir-cds: {workers} workers on {settings.public_url}/cds-services  (Ctrl-C ends them)")
    return Workers(listen(host, port), workers).run()


def serve(settings: Settings, listening: socket.socket, *, sandbox: bool, demo: bool, console: Console) -> None:
    """Serve until interrupted; raises `CDSError` when settings or content are broken."""
    configure_logs(settings.log_format, quiet=demo)
    export_traces(settings.traces)
    asyncio.run(_prepare_database(settings))
    console.print("fhir-cds: loading guidelines …")
    app = create_app(settings, sandbox=sandbox)
    validate("mg")  # reads UCUM's grammar now, where no patient waits: stored logic was compiled without it
    _settle_garbage_collector()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=TimedConnection,
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    server = _DrainingServer(config, app.state.draining, settings.drain_seconds)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:  # uvloop, where it is installed
        runner.run(_run(server, listening, settings, app.state.serving.world, demo=demo, console=console))
    console.print("Stopped.")


class _DrainingServer(uvicorn.Server):
    """uvicorn's server; on SIGTERM it says for a while that it is not ready, then takes no new calls, then ends.

    Calls that were let in are finished. Ctrl-C, and a second signal, end it without the while.
    """

    def __init__(self, config: uvicorn.Config, draining: Draining, drain_seconds: float) -> None:
        super().__init__(config)
        self._draining = draining
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a signal handler
        """Begin to end; uvicorn's own handler would raise the signal once more when all is done."""
        if sig == signal.SIGTERM and self._drain_seconds and not self._draining.begun:
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(loop.call_later, self._drain_seconds, self._end)
        else:
            self.force_exit = self.should_exit
            self.should_exit = True
        self._draining.begun = True

    def _end(self) -> None:
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything is loaded, so that a port in use is said at once."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        msg = f"{host}:{port}: {reason}; choose another with --port (make run PORT=…)"
        raise SettingsError(msg) from None


async def _prepare_database(settings: Settings) -> None:
    """Open the database before anything is loaded, so that one that cannot be opened is said at once."""
    log = DecisionLog(open_database(settings.database))
    try:
        await log.start()
    finally:
        await log.close()


def _settle_garbage_collector() -> None:
    """Leave what was loaded out of every later collection, and collect less often.

    A request of some hundred kilobytes is thousands of containers; with the defaults the collector would walk all
    loaded content again and again (measured: pauses of up to 350 ms in a call). What loading left unused is kept with
    the rest: it is one in fifty of what the collector would have to look at now. A call leaves no circles behind, and
    one with 2,000 results has some 60,000 containers at work: below the threshold none of them is walked.
    """
    gc.freeze()
    gc.set_threshold(150_000, 50, 100)
    gc.enable()


async def _run(
    server: uvicorn.Server, listening: socket.socket, settings: Settings, world: World, *, demo: bool, console: Console
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        console.print(f"Serving CDS Hooks 2.0.1 on {settings.public_url}/cds-services  (Ctrl-C ends it)")
        for reason in world.knowledge.not_served(world.clock()):
            console.print(f"Not served: {reason}", highlight=False, markup=False, soft_wrap=True)
        if demo:
            from cds.commands.demo import demonstrate

            await demonstrate(settings, console)
            configure_logs(settings.log_format)  # what others call from now on is a line each
    await serving
