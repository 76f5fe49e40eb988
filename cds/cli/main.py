"""The `cds` command. Exit status: 0 done, 1 a finding or a refused request, 2 misuse or broken settings or content."""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from cds import __version__
from cds.authoring.cli import elm_app
from cds.cli import authoring, operations, serving
from cds.cli.output import err, out
from cds.errors import CDSError
from cds.logs import configure_logs

app = typer.Typer(
    name="cds", help="A CDS Hooks server whose guidelines are FHIR files.", no_args_is_help=True, add_completion=False
)
for part in (serving.app, operations.app, authoring.app):
    app.registered_commands.extend(part.registered_commands)
app.add_typer(elm_app, name="elm")
app.add_typer(serving.sandbox_app, name="sandbox")


def main() -> None:
    """Run the command line; an error of ours is one line on stderr, not a traceback."""
    gc.set_threshold(50_000, 50, 100)  # loading makes much and frees little: looking for what it left takes a fifth
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
