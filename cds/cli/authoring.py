"""Commands for who writes guidelines: check, test, mutate, new-guideline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cds.authoring.library_resource import CANONICAL_BASE
from cds.cache import Cache
from cds.cli.output import Format, FormatOption, err, print_json, print_text
from cds.settings import Settings, load_settings

app = typer.Typer()
LibraryOption = Annotated[str, typer.Option(help="Judge only this CQL library.")]
RecommendationOption = Annotated[str, typer.Option(help="Judge only what this recommendation uses.")]


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or .tgz packages; default: the content.")] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Check guidelines and mappings: what is wrong, where, and what to do."""
    from cds.checks.check import check_content
    from cds.checks.report import as_json, as_text

    settings = load_settings()
    chosen = () if paths else settings.guidelines
    findings = check_content(_content_paths(settings, paths), _cache(settings), chosen=chosen)
    if form is Format.JSON:
        print_json(as_json(findings))
    else:
        print_text(as_text(findings))
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

    settings = load_settings()
    report = run_cases(
        _content_paths(settings, paths),
        only=run,
        definitions=coverage,
        focus=Focus(library=library, recommendation=recommendation),
        cache=_cache(settings),
    )
    if form is Format.JSON:
        print_json(as_json(report))
    else:
        print_text(as_text(report))
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

    settings = load_settings()
    report = run(
        _content_paths(settings, paths),
        guideline,
        focus=Focus(library=library, recommendation=recommendation, definition=only),
        limit=limit,
        progress=narrator(err),
        cache=_cache(settings),
    )
    if form is Format.JSON:
        print_json(as_json(report))
    else:
        print_text(as_text(report))
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
    print_text(next_steps(guideline, folder / identity, files))


def _content_paths(settings: Settings, paths: list[Path] | None) -> list[Path]:
    from cds.app import content_paths

    return content_paths(paths or settings.content)


def _cache(settings: Settings) -> Cache:
    from cds.app import cache_of

    return cache_of(settings)
