"""`cds mutate`: what is said while it runs."""

from __future__ import annotations

import time

from rich.console import Console

from cds.tester.mutation_check import Judged
from cds.tester.mutation_run import Progress

_SECONDS_BETWEEN = 5.0


def narrator(console: Console) -> Progress:
    """Return a function that says now and then how far the check is, and how many survived so far."""
    survived = 0
    said = time.monotonic()

    def tell(number: int, total: int, judged: Judged) -> None:
        nonlocal survived, said
        survived += judged.fate == "survived"
        if time.monotonic() - said >= _SECONDS_BETWEEN or number == total:
            said = time.monotonic()
            console.print(f"{number} of {total} tried, {survived} survived", style="dim", highlight=False)

    return tell
