"""The `cds` command. Exit status: 0 done, 1 a finding or a refused request, 2 misuse or broken settings or content."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cds import __version__
from cds.authoring.cli import elm_app
from cds.authoring.library_resource import CANONICAL_BASE
from cds.errors import CDSError, RefusedRequest
from cds.fhir.json import dumps
from cds.logs import configure_logs
from cds.settings import Settings, load_settings

app = typer.Typer(
    name="cds", help="A CDS Hooks server whose guidelines are FHIR files.", no_args_is_help=True, add_completion=False
)
app.add_typer(elm_app, name="elm")
sandbox_app = typer.Typer(help="The synthetic patients.", no_args_is_help=True)
app.add_typer(sandbox_app, name="sandbox")

out = Console()
err = Console(stderr=True)


class Format(StrEnum):
    """How a command prints."""

    TEXT = "text"
    JSON = "json"


class ReportFormat(StrEnum):
    """How a conformance report is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    HTML = "html"


LibraryOption = Annotated[str, typer.Option(help="Judge only this CQL library.")]
RecommendationOption = Annotated[str, typer.Option(help="Judge only what this recommendation uses.")]
FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]


def main() -> None:
    """Run the command line; an error of ours is one line on stderr, not a traceback."""
    configure_logs("auto")
    try:
        app()
    except CDSError as error:
        err.print(f"cds: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit


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
    command.serve(settings, listening, sandbox=sandbox, demo=demo and sandbox, console=out)


@app.command()
def services(form: FormatOption = Format.TEXT) -> None:
    """List the services and what each asks to be prefetched."""
    from cds.commands.offline import offline_world
    from cds.service import list_services

    listed = [service.to_wire() for service in list_services(offline_world(load_settings()))]
    if form is Format.JSON:
        _print_json({"services": listed})
        return
    for service in listed:
        out.print(f"[bold]{service['id']}[/bold]  {service['title']}", soft_wrap=True)
        for key, template in service.get("prefetch", {}).items():
            out.print(f"    {key}: {template}", style="dim", highlight=False, soft_wrap=True)


@app.command()
def evaluate(
    request: Annotated[Path, typer.Argument(help="A hook request as JSON; - for standard input.")],
    service: Annotated[str | None, typer.Option(help="The service; default: every service of the hook.")] = None,
) -> None:
    """Answer one hook request and print the response as JSON."""
    from cds.commands.evaluate import evaluate as run
    from cds.fhir.operation_outcome import operation_outcome

    try:
        body = sys.stdin.buffer.read() if str(request) == "-" else request.read_bytes()
    except OSError as error:
        err.print(f"cds: {request}: {error.strerror}", style="red", markup=False)
        raise typer.Exit(2) from None
    try:
        response = asyncio.run(run(load_settings(), body, service))
    except RefusedRequest as refusal:
        _print_json(operation_outcome(refusal.code, str(refusal), expression=refusal.expression))
        raise typer.Exit(1) from None
    _print_json(response)


@app.command()
def explain(
    decision: Annotated[str, typer.Argument(help="A decision id (in the response's extension) or a card's uuid.")],
    form: FormatOption = Format.TEXT,
) -> None:
    """Say why: the recorded outcome of every condition of one answer, and what it rested on."""
    from cds.commands.explain import explanation, find_decision

    record = asyncio.run(find_decision(load_settings(), decision))
    if record is None:
        err.print("cds: there is no such decision in this database (CDS_DATABASE)", style="red")
        raise typer.Exit(1)
    if form is Format.JSON:
        _print_json(record)
    else:
        out.print(explanation(record), soft_wrap=True, highlight=False, markup=False)


@app.command()
def feedback(
    guideline: Annotated[str | None, typer.Option(help="Only this guideline.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only cards served since this day or moment (UTC).")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Count per recommendation how often its card was shown, accepted, overridden, and why."""
    from cds.commands.feedback import as_text, read_feedback

    moment = since.replace(tzinfo=UTC) if since else None
    report = asyncio.run(read_feedback(load_settings(), guideline=guideline, since=moment))
    if form is Format.JSON:
        _print_json(report.to_json())
    else:
        out.print(as_text(report), soft_wrap=True, highlight=False, markup=False)


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or .tgz packages; default: the content.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Check guidelines and mappings: what is wrong, where, and what to do."""
    from cds.checks.check import check_content
    from cds.checks.report import as_json, as_text

    findings = check_content(_content_paths(load_settings(), paths))
    if form is Format.JSON:
        _print_json(as_json(findings))
    else:
        out.print(as_text(findings), soft_wrap=True, highlight=False, markup=False)
    raise typer.Exit(1 if any(finding.is_error for finding in findings) else 0)


@app.command("test")
def run_tests(
    paths: Annotated[list[Path] | None, typer.Argument(help="Guideline folders; default: the content.")] = None,
    run: Annotated[str, typer.Option(help="Only cases whose file or name contains this.")] = "",
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Also judge every CQL definition behind a condition.")
    ] = False,
    library: LibraryOption = "",
    recommendation: RecommendationOption = "",
    form: FormatOption = Format.TEXT,
) -> None:
    """Run the cases beside the guidelines through the whole line, with coverage of every condition."""
    from cds.tester.focus import Focus
    from cds.tester.report import as_json, as_text
    from cds.tester.runner import run_cases

    focus = Focus(library=library, recommendation=recommendation)
    report = run_cases(_content_paths(load_settings(), paths), only=run, definitions=coverage, focus=focus)
    if form is Format.JSON:
        _print_json(as_json(report))
    else:
        out.print(as_text(report), soft_wrap=True, highlight=False, markup=False)
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def mutate(
    guideline: Annotated[str, typer.Argument(help="The id of a guideline, such as dk-denosumab.")],
    paths: Annotated[list[Path] | None, typer.Argument(help="Guideline folders; default: the content.")] = None,
    only: Annotated[str, typer.Option(help="Only this definition or function.")] = "",
    library: LibraryOption = "",
    recommendation: RecommendationOption = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Try an even sample of this many.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Turn each comparison and move each number of the logic by one step: does a case fail? List what survives."""
    from cds.commands.mutate import narrator
    from cds.tester.focus import Focus
    from cds.tester.mutation_report import as_json, as_text
    from cds.tester.mutation_run import mutate as run

    found = _content_paths(load_settings(), paths)
    focus = Focus(library=library, recommendation=recommendation, definition=only)
    report = run(found, guideline, focus=focus, limit=limit, progress=narrator(err))
    if form is Format.JSON:
        _print_json(as_json(report))
    else:
        out.print(as_text(report), soft_wrap=True, highlight=False, markup=False)
    raise typer.Exit(0 if report.passed else 1)


@app.command("new-guideline")
def new_guideline(
    identity: Annotated[str, typer.Argument(metavar="ID", help="The id of the guideline, such as dk-denosumab.")],
    title: Annotated[str, typer.Option(help="Its title; default: made from the id.")] = "",
    jurisdiction: Annotated[str, typer.Option(help="Country of two letters; default: the id's, if it has one.")] = "",
    into: Annotated[
        Path | None, typer.Option(help="Where to make the folder; default: plan_definitions, else here.")
    ] = None,
    canonical_base: Annotated[str, typer.Option(help="The start of its canonical URLs.")] = CANONICAL_BASE,
) -> None:
    """Make the folder of a new guideline: a worked example with its cases, to be replaced piece by piece."""
    from cds.app import local_now
    from cds.authoring.scaffold import NewGuideline, write_guideline
    from cds.commands.new_guideline import default_folder, default_jurisdiction, default_title, next_steps

    guideline = NewGuideline(
        id=identity,
        title=title or default_title(identity),
        jurisdiction=jurisdiction or default_jurisdiction(identity),
        base=canonical_base,
    )
    folder = into or default_folder()
    files = write_guideline(guideline, folder, today=local_now().date())
    out.print(next_steps(guideline, folder / identity, files), soft_wrap=True, highlight=False, markup=False)


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
        _print_json(write.as_json(report))
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


def _content_paths(settings: Settings, paths: list[Path] | None) -> list[Path]:
    from cds.app import content_paths

    return content_paths(paths or settings.content)


def _print_json(value: Any) -> None:
    sys.stdout.write(dumps(value, indent=True).decode() + "\n")


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compares, does not bind
