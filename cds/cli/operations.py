"""Commands for who runs a server: explain, feedback, doctor, precompile, audit, forget."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from cds.cli.output import Format, FormatOption, err, print_json, print_text
from cds.settings import load_settings

app = typer.Typer()


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
        print_json(record)
    else:
        print_text(explanation(record))


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
        print_json(report.to_json())
    else:
        print_text(as_text(report))


@app.command()
def doctor(form: FormatOption = Format.TEXT) -> None:
    """Say what is wrong with this deployment and what to do; exit status 1 when calls cannot be answered."""
    from dataclasses import asdict

    from cds.app import local_now
    from cds.doctor.deployment import examine

    marks = {"good": "✓", "doubtful": "?", "bad": "✗"}
    found = []
    for one in examine(load_settings(), clock=local_now):
        found.append(one)
        if form is Format.TEXT:
            print_text(f"{marks[one.health]} {one.subject}: {one.said}" + (f"\n    {one.advice}" if one.advice else ""))
    if form is Format.JSON:
        print_json([asdict(one) for one in found])
    raise typer.Exit(1 if any(one.health == "bad" for one in found) else 0)


@app.command()
def precompile() -> None:
    """Read, check and compile the guidelines for later starts, as when an image is built; exit status 1 if not kept."""
    from cds.app import build_knowledge, cache_of
    from cds.cache import DiskCache

    settings = load_settings()
    cache = cache_of(settings)
    build_knowledge(settings)
    if not isinstance(cache, DiskCache):
        err.print("cds: there is no directory to keep them in (CDS_CACHE)", style="red")
        raise typer.Exit(1)
    print_text(f"the guidelines are compiled and kept in {cache.directory}")


@app.command()
def audit(
    since: Annotated[datetime | None, typer.Option(help="Only decisions since this day or moment (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only decisions before this day or moment (UTC).")] = None,
) -> None:
    """Write the recorded decisions as FHIR AuditEvents, one JSON object per line."""
    from cds.commands.audit import write_audit_events

    begin, end = (moment and moment.replace(tzinfo=UTC) for moment in (since, until))
    asyncio.run(write_audit_events(load_settings(), since=begin, until=end))


@app.command()
def forget(
    before: Annotated[datetime, typer.Option(help="The day or moment (UTC) from which on records are kept.")],
) -> None:
    """Delete decisions, their cards and feedback from before a day, as the retention rules of the site say."""
    from cds.commands.forget import forget_records

    gone = asyncio.run(forget_records(load_settings(), before=before.replace(tzinfo=UTC)))
    print_text(f"deleted: {gone.decisions} decisions, {gone.cards} cards, {gone.feedback} pieces of feedback")
