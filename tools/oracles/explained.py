"""Differences to the reference engines in which this engine is right, each with the clause that says so.

Every explanation looks at the two answers, so that another difference in the same definition is still found.
CQL: https://cql.hl7.org, by page and heading. FHIRPath: https://hl7.org/fhirpath.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tools.oracles.differential import Difference
from tools.oracles.fhirpath_differential import Difference as PathDifference
from tools.oracles.tagged import normal

WHOLE_DECIMAL = re.compile(r"(?<=\d)\.0+(?!\d)")
MILLISECONDS = re.compile(r"\.\d{3}")
LONGEST_PERIOD_DAYS = 300_000


def _same(left: Any, right: Any) -> bool:
    return json.dumps(normal(left), sort_keys=True) == json.dumps(normal(right), sort_keys=True)


def _without_places(value: Any) -> Any:
    """Write every text as an engine would that cannot tell 1.0 from 1."""
    if isinstance(value, str):
        return WHOLE_DECIMAL.sub("", value)
    if isinstance(value, list):
        return [_without_places(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_places(member) for name, member in value.items()}
    return value


def _decimal_text(ours: Any, theirs: Any) -> bool:
    return _same(_without_places(ours), _without_places(theirs))


def _flattened(ours: Any, theirs: Any) -> bool:
    if not (isinstance(ours, list) and isinstance(theirs, list)):
        return False
    if None not in theirs and not any(isinstance(part, list) for part in theirs):
        return False
    items = [item for part in theirs if part is not None for item in (part if isinstance(part, list) else [part])]
    filtered = [item for item in items if item is not None]
    return any(_same(ours, one) or _same(_without_places(ours), _without_places(one)) for one in (items, filtered))


def _uncertain(ours: Any, theirs: Any) -> bool:
    return theirs is None and isinstance(ours, dict) and "uncertainty" in ours


def _unbounded_period(ours: Any, theirs: Any) -> bool:
    return (
        (theirs is None or isinstance(theirs, int | float)) and isinstance(ours, float) and ours > LONGEST_PERIOD_DAYS
    )


def _closed(value: Any) -> Any:
    """Write an open end of a DateTime interval as the last instant inside it: the same interval."""
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if not (isinstance(value, dict) and "interval" in value):
        return value
    low_closed, low, high, high_closed = value["interval"]
    if not high_closed and isinstance(high, dict) and MILLISECONDS.search(high.get("dateTime", "")):
        last = datetime.fromisoformat(high["dateTime"]) - timedelta(milliseconds=1)
        high, high_closed = {"dateTime": last.isoformat(timespec="milliseconds")}, True
    return {"interval": [low_closed, low, high, high_closed]}


def _duplicates(ours: Any, theirs: Any) -> bool:
    if not (isinstance(ours, list) and isinstance(theirs, list) and len(theirs) < len(ours)):
        return False
    texts = {json.dumps(normal(item), sort_keys=True) for item in ours}
    return _same([json.loads(text) for text in texts], theirs)


def _rounded_steps(ours: Any, theirs: Any) -> bool:
    return isinstance(ours, float) and isinstance(theirs, int | float) and math.isclose(ours, theirs, rel_tol=1e-6)


def _same_interval(ours: Any, theirs: Any) -> bool:
    return _same(_closed(ours), _closed(theirs))


VALUE_EXPLANATIONS: dict[Callable[[Any, Any], bool], str] = {
    _rounded_steps: (
        "B CQL Reference, Decimal: eight places, at every step of a calculation; JavaScript has binary floating point"
    ),
    _decimal_text: (
        "B CQL Reference, ToString: a Decimal is written with at least one place; JavaScript has no decimals"
    ),
    _flattened: (
        "B CQL Reference, Flatten: the elements of all lists; cql-execution returns the argument when one list is null"
    ),
    _uncertain: ("5 Language Semantics, Uncertainty: arithmetic on a range gives a range; cql-execution gives up"),
    _same_interval: (
        "B CQL Reference, Equal of intervals: by Start and End; an open end stands for the instant before it"
    ),
    _duplicates: (
        "4 Logical Specification, ReturnClause.distinct: asked for where a query has a return clause; cql-execution, "
        "unlike the reference engine in Kotlin, removes duplicates of a query without one too"
    ),
    _unbounded_period: (
        "B CQL Reference, Start and End: a closed null boundary is the least or greatest value of the point type"
    ),
}
# What a whole definition does differently, whatever its values.
_OTHER_YEAR = (
    "B CQL Reference, Before and After: a DateTime given as a year is compared as that year; cql-execution carries it "
    "to the other value's offset and lands in the year before"
)
DEFINITION_EXPLANATIONS = {
    "LenalidomideDuration.Dosage: Raised Maintenance": (
        "B CQL Reference, Expand: of one interval, a list of its points; cql-execution gives a list of unit intervals"
    ),
    "DiffLanguage.Pairs": _OTHER_YEAR,
    "DiffTreatment.Conditions and later orders": _OTHER_YEAR,
    "DiffTreatment.Highest dose in mg": "B CQL Reference, Flatten: as above; the greatest of what was not flattened",
    "DiffLanguage.Newest three": (
        "2 Author's Guide, Sorting: the second key orders equal values of the first; cql-execution stops there"
    ),
    "DiffLanguage.Identifiers that match": "B CQL Reference, Matches: partial; cql-execution anchors the pattern",
    "DiffLanguage.Weeks since the last result": (
        "B CQL Reference, Max: by `>`, which is null for dates of which one contains the other, so that the greatest "
        "is unknown; cql-execution leaves such pairs out"
    ),
}
# JavaScript errors of cql-execution where CQL wants null for a null operand; what uses the definition fails with it.
NULL_IN_SORT = "Cannot read properties of null (reading 'isQuantity')"
CRASHES = ("Cannot create a quantity with an undefined value", "Cannot read properties of undefined")


def explanation(difference: Difference) -> str | None:
    """Say why a difference to cql-execution is right; None when it is not known to be."""
    ours, theirs = difference.ours, difference.theirs
    if "value" in ours and theirs.get("error", "").startswith(CRASHES):
        return "4 Logical Specification: null operands give null; cql-execution fails in JavaScript"
    if theirs.get("error", "").startswith("Invalid UCUM unit") and "value" in ours:
        return "B CQL Reference, comparison operators: an invalid unit makes the result null; cql-execution fails"
    if theirs.get("error") == NULL_IN_SORT and "value" in ours:
        return "2 Author's Guide, Sorting: nulls are the lowest values; cql-execution fails in JavaScript"
    if "error" in ours or "error" in theirs:
        return None
    if difference.key in DEFINITION_EXPLANATIONS:
        return DEFINITION_EXPLANATIONS[difference.key]
    for matches, reason in VALUE_EXPLANATIONS.items():
        if matches(ours["value"], theirs["value"]):
            return reason
    return None


def path_explanation(difference: PathDifference) -> str | None:
    """Say why a difference to fhirpath.js is right; None when it is not known to be."""
    ours, theirs = difference.ours, difference.theirs
    if theirs.get("error", "").startswith("Unary - can only be applied"):
        return "Math, unary minus: a FHIR decimal is a System.Decimal; fhirpath.js does not convert it"
    if "has no element" in ours.get("error", ""):
        return "Path selection and type safety: a path that no instance can have is refused, not empty"
    if "value" not in ours or "value" not in theirs:
        return None
    if difference.expression.endswith("toInteger()") and ours["value"] == []:
        return "Conversion, toInteger: defined for Integer, Boolean and String, not for Decimal"
    if _decimal_text(ours["value"], theirs["value"]):
        return "Conversion, toString: a Decimal keeps the places of its JSON; JavaScript drops them"
    return None
