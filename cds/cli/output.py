"""How commands print, and the options that several share."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from cds.fhir.json import dumps

out = Console()
err = Console(stderr=True)


class Format(StrEnum):
    """How a command prints."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]


def print_json(value: Any) -> None:
    """Write JSON for programs: on standard output, numbers with their digits."""
    sys.stdout.write(dumps(value, indent=True).decode() + "\n")


def print_text(text: str) -> None:
    """Write text as it is: no markup, no wrapping."""
    out.print(text, soft_wrap=True, highlight=False, markup=False)
