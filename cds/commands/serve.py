"""`cds serve`: run the server; with `--demo`, show two real calls at itself once it is up."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import uuid
from types import FrameType
from typing import Any

import httpx
import uvicorn
from rich.console import Console

from cds.app import create_app, local_now, sandbox_url
from cds.commands.card_text import print_cards
from cds.commands.workers import Workers
from cds.errors import SettingsError
from cds.logs import configure_logs
from cds.sandbox.synthetic_patients import DEMO_PATIENT, Story, find_story
from cds.settings import Settings
from cds.traces import export_traces
from cds.web.connection import TimedConnection
from cds.web.health import Draining

_REVIEW_PATIENT = "suspected-myeloma"
_GRACE_SECONDS = 30


def serve_with_workers(settings: Settings, *, host: str, port: int, workers: int, console: Console) -> int:
    """Serve with several processes until interrupted; return the exit status."""
    configure_logs(settings.log_format)
    console.print(f"fhir-cds: {workers} workers on {settings.public_url}/cds-services  (Ctrl-C ends them)")
    return Workers(listen(host, port), workers).run()


def serve(settings: Settings, listening: socket.socket, *, sandbox: bool, demo: bool, console: Console) -> None:
    """Serve until interrupted; raises `CDSError` when settings or content are broken."""
    configure_logs(settings.log_format, quiet=demo)
    export_traces(settings.traces)
    console.print("fhir-cds: loading guidelines …")
    app = create_app(settings, sandbox=sandbox)
    _settle_garbage_collector()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=TimedConnection,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    server = _DrainingServer(config, app.state.draining, settings.drain_seconds)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:  # uvloop, where it is installed
        runner.run(_run(server, listening, settings, demo=demo, console=console))
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


def _settle_garbage_collector() -> None:
    """Leave what was loaded out of every later collection, and collect less often.

    A request of some hundred kilobytes is thousands of containers; with the defaults the collector would walk all
    loaded content again and again (measured: pauses of up to 350 ms in a call).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    gc.enable()


async def _run(
    server: uvicorn.Server, listening: socket.socket, settings: Settings, *, demo: bool, console: Console
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        console.print(f"Serving CDS Hooks 2.0.1 on {settings.public_url}/cds-services  (Ctrl-C ends it)")
        if demo:
            await _demonstrate(settings, console)
    await serving


async def _demonstrate(settings: Settings, console: Console) -> None:
    """Fire one order-select and one patient-view at ourselves, as an EHR would, and print the cards."""
    async with httpx.AsyncClient(base_url=settings.public_url, trust_env=False, timeout=30) as http:
        services = (await http.get("/cds-services")).json()["services"]
        for patient, hook in ((DEMO_PATIENT, "order-select"), (_REVIEW_PATIENT, "patient-view")):
            story = find_story(patient)
            assert story is not None
            console.print(f"\n[bold]{hook}[/bold]: {story.story}")
            silent = [
                service["id"]
                for service in services
                if service["hook"] == hook and not await _call(http, service, story, hook, settings, console)
            ]
            if silent:
                console.print(f"\n  nothing to advise: {', '.join(silent)}", style="dim")
    console.print(f"\nTry it: curl -s {settings.public_url}/cds-services | python3 -m json.tool")


async def _call(
    http: httpx.AsyncClient, service: dict[str, Any], story: Story, hook: str, settings: Settings, console: Console
) -> bool:
    """Make one call; print its cards, or why there are none; return False when the guideline has nothing to say."""
    answer = await http.post(f"/cds-services/{service['id']}", json=demo_request(story, hook, sandbox_url(settings)))
    if answer.is_success and not answer.json()["cards"]:
        return False
    console.print(f"\nPOST /cds-services/{service['id']}: {answer.status_code}")
    if answer.is_success:
        print_cards(console, answer.json()["cards"])
    else:
        console.print(answer.json()["issue"][0]["diagnostics"], style="red")
    return True


def demo_request(story: Story, hook: str, fhir_server: str) -> dict[str, Any]:
    """Return the call that an EHR would make for this story; the data are read from the sandbox's FHIR server."""
    drafts = story.chart(local_now().date()).drafts
    context: dict[str, Any] = {"userId": "Practitioner/sandbox-doctor", "patientId": story.id}
    if hook.startswith("order-"):
        context["draftOrders"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": draft} for draft in drafts],
        }
    if hook == "order-select":
        context["selections"] = [f"{draft['resourceType']}/{draft['id']}" for draft in drafts]
    return {"hook": hook, "hookInstance": str(uuid.uuid4()), "fhirServer": fhir_server, "context": context}
