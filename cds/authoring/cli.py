"""`cds elm build` and `cds elm check`, mounted by cds.cli.

Exit codes: 0 done, or skipped because Node.js is absent (a sentence says so); 1 CQL errors or stale libraries; 2 the
translator could not be run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cds.authoring.build import Built, build, differences, write
from cds.authoring.errors import AuthoringError, NodeMissing, TranslatorFailed
from cds.authoring.library_resource import CANONICAL_BASE

elm_app = typer.Typer(help="Translate CQL to ELM, and check that both agree.", no_args_is_help=True)

CONTENT_FOLDERS = ("fhir_mappings", "plan_definitions")

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Guideline folders, content folders or CQL files; default: plan_definitions and fhir_mappings."
    ),
]
BaseOption = Annotated[str, typer.Option("--canonical-base", help="The start of the libraries' canonical URLs.")]


@elm_app.command("build")
def build_command(paths: PathsArgument = None, canonical_base: BaseOption = CANONICAL_BASE) -> None:
    """Translate every cql/*.cql and write Library/<Name>.json beside it."""
    chosen = paths or default_paths()
    try:
        built = _translated(chosen, canonical_base)
    except NodeMissing as error:
        _fail(f"nothing was built: {error}", code=2)
    for path in write(built):
        typer.echo(f"wrote {path}")
    _stop_on_errors(built)
    typer.echo(f"{len(built.libraries)} libraries are up to date")


@elm_app.command("check")
def check_command(
    paths: PathsArgument = None,
    canonical_base: BaseOption = CANONICAL_BASE,
    *,
    require_node: Annotated[
        bool, typer.Option("--require-node", help="Fail, rather than skip, where Node.js is absent.")
    ] = False,
) -> None:
    """Fail when a committed Library differs from a fresh translation of its CQL."""
    chosen = paths or default_paths()
    try:
        built = _translated(chosen, canonical_base)
    except NodeMissing as error:
        if require_node:
            _fail(str(error), code=2)
        typer.echo(f"skipped: {error}")
        return
    found = differences(built, chosen)
    for line in found:
        typer.echo(line, err=True)
    _stop_on_errors(built)
    if found:
        raise typer.Exit(1)
    typer.echo(f"{len(built.libraries)} libraries agree with their CQL")


def default_paths() -> list[Path]:
    """Give the content folders of the working directory."""
    found = [Path(name) for name in CONTENT_FOLDERS if Path(name).is_dir()]
    if not found:
        _fail("there is no plan_definitions or fhir_mappings here; name the folder to translate", code=2)
    return found


def _translated(chosen: list[Path], base: str) -> Built:
    around = [Path(name) for name in CONTENT_FOLDERS if Path(name).is_dir()]
    try:
        return build(chosen, include_from=around, base=base)
    except NodeMissing:
        raise
    except TranslatorFailed as error:
        _fail(str(error), code=2)
    except AuthoringError as error:
        _fail(str(error), code=1)


def _stop_on_errors(built: Built) -> None:
    for line in (*built.warnings, *built.errors):
        typer.echo(line, err=True)
    if built.errors:
        raise typer.Exit(1)


def _fail(message: str, *, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
