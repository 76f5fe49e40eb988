"""Commands that serve and call: serve, services, evaluate, conformance, sandbox."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cds.cli.output import Format, FormatOption, err, out, print_json, print_text
from cds.errors import RefusedRequest
from cds.settings import load_settings

app = typer.Typer()
sandbox_app = typer.Typer(help="The synthetic patients.", no_args_is_help=True)


class ReportFormat(StrEnum):
    """How a conformance report is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    HTML = "html"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Play the EHR's FHIR server, with patients.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Show two real calls; needs --sandbox.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes; not with --sandbox.")] = 1,
    fd: Annotated[int, typer.Option("--fd", hidden=True, help="A socket that listens already.")] = -1,
) -> None:
    """Serve the guidelines as CDS services."""
    if demo and not sandbox:
        msg = "--demo: its calls are about the patients of the sandbox, add --sandbox"
        raise typer.BadParameter(msg)
    gc.disable()  # loading makes much and frees little; `serve` turns the collector on again when all is there
    from cds.commands import serve as command

    settings = load_settings()
    if "public_url" not in settings.model_fields_set:
        scheme = "https" if settings.tls_certificate else "http"
        settings = settings.model_copy(update={"public_url": f"{scheme}://{_reachable(host)}:{port}"})
    if sandbox and "cors_origins" not in settings.model_fields_set:
        settings = settings.model_copy(update={"cors_origins": ("*",)})
    if workers > 1:
        if sandbox:
            msg = "--workers: the sandbox is in the memory of one process"
            raise typer.BadParameter(msg)
        os.environ["CDS_PUBLIC_URL"] = settings.public_url
        raise typer.Exit(command.serve_with_workers(settings, host=host, port=port, workers=workers, console=out))
    listening = command.listen(host, port) if fd < 0 else socket.socket(fileno=fd)
    command.serve(settings, listening, sandbox=sandbox, demo=demo, console=out)


@app.command()
def services(form: FormatOption = Format.TEXT) -> None:
    """List the services and what each asks to be prefetched."""
    from cds.commands.offline import offline_world
    from cds.service import list_services

    world = offline_world(load_settings())
    listed = [service.to_wire() for service in list_services(world)]
    for reason in world.knowledge.not_served(world.clock()):
        err.print(f"cds: not served: {reason}", highlight=False, markup=False, soft_wrap=True)
    if form is Format.JSON:
        print_json({"services": listed})
        return
    for service in listed:
        out.print(f"[bold]{service['id']}[/bold]  {service['title']}", soft_wrap=True)
        for key, template in service.get("prefetch", {}).items():
            out.print(f"    {key}: {template}", style="dim", highlight=False, soft_wrap=True)


@app.command()
def evaluate(
    request: Annotated[Path, typer.Argument(help="A hook request as JSON; - for standard input.")],
    service: Annotated[str | None, typer.Option(help="The service; default: every service of the hook.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print why, as `cds explain`, in place of JSON.")] = False,
) -> None:
    """Answer one hook request and print the response as JSON, or why it is so; nothing is recorded."""
    from cds.commands.evaluate import evaluate as run
    from cds.fhir.operation_outcome import operation_outcome

    try:
        body = sys.stdin.buffer.read() if str(request) == "-" else request.read_bytes()
    except OSError as error:
        err.print(f"cds: {request}: {error.strerror}", style="red", markup=False)
        raise typer.Exit(2) from None
    try:
        answer = asyncio.run(run(load_settings(), body, service))
    except RefusedRequest as refusal:
        print_json(operation_outcome(refusal.code, str(refusal), expressions=refusal.expressions))
        raise typer.Exit(1) from None
    if explain:
        print_text("\n\n".join(answer.explanations))
    else:
        print_json(answer.response)


@app.command()
def conformance(
    url: Annotated[str, typer.Argument(help="Base URL of a CDS Hooks server, the address before /cds-services.")],
    form: Annotated[ReportFormat, typer.Option("--format", help="text, json, junit or html.")] = ReportFormat.TEXT,
    key: Annotated[Path | None, typer.Option(help="Private key (JWK), if it asks who calls.")] = None,
    issuer: Annotated[str, typer.Option(help="The issuer that the server knows this key by.")] = "",
) -> None:
    """Check any CDS Hooks server against the specification; exit status 1 when a SHALL is broken."""
    import httpx

    from cds.conformance import report as write
    from cds.conformance.signing import Signer, read_key
    from cds.conformance.suite import run

    signer = Signer(issuer, read_key(key)) if key else None

    async def go() -> Any:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            return await run(url, http, signer)

    report = asyncio.run(go())
    if form is ReportFormat.JSON:
        print_json(write.as_json(report))
    else:
        writers = {
            ReportFormat.TEXT: write.as_text,
            ReportFormat.JUNIT: write.as_junit,
            ReportFormat.HTML: write.as_html,
        }
        sys.stdout.write(writers[form](report) + "\n")
    raise typer.Exit(0 if report.conformant else 1)


@sandbox_app.command("load")
def sandbox_load(
    url: Annotated[str, typer.Argument(help="FHIR R4 base URL that takes transactions.")],
    wait: Annotated[float, typer.Option(help="Seconds to wait for the server to answer.")] = 0,
    again: Annotated[bool, typer.Option("--again", help="Write every patient, also those that are there.")] = False,
) -> None:
    """Put the synthetic patients into a FHIR server; a load that was cut off goes on where it stopped."""
    from rich.progress import Progress

    from cds.app import local_now
    from cds.commands.load_sandbox import load_sandbox

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("patients", total=None)
        load = load_sandbox(
            url,
            local_now().date(),
            wait_seconds=wait,
            again=again,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    there = load.patients - load.written
    said = f"{load.written} patients with {load.resources} resources written to {url}; {there} were there already"
    out.print(said, soft_wrap=True)


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compares, does not bind
