"""Static data requirements: what a definition retrieves, read from its compiled form."""

from __future__ import annotations

from dataclasses import dataclass

from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import Code


@dataclass(frozen=True, slots=True)
class Retrieve:
    """One retrieve of a library.

    https://cql.hl7.org/elm.html#retrieve

    `codes` or `value_set` restrict `code_path`; both are None when nothing restricts it or the restriction is computed
    at run time. `date_range` is given when the interval on `date_path` is constant.
    """

    type: str
    template_id: str | None = None
    code_path: str | None = None
    value_set: str | None = None
    codes: tuple[Code, ...] | None = None
    date_path: str | None = None
    date_range: Interval | None = None
    locator: str | None = None
