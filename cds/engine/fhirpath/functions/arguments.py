"""What functions share: empty in, empty out, and the check of an operand's type."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from cds.engine.errors import BudgetExceeded, EvaluationError
from cds.engine.fhirpath.values.elements import type_of
from cds.engine.fhirpath.values.system import system_value

LONGEST_TEXT = 1_000_000
P = ParamSpec("P")
R = TypeVar("R")


def empty_in_empty_out(function: Callable[P, R]) -> Callable[P, R | None]:
    """Give None as soon as one argument is None; FHIR elements among the arguments become System values first."""

    @wraps(function)
    def wrapped(*arguments: P.args, **options: P.kwargs) -> R | None:
        values = [system_value(argument) for argument in arguments]
        return None if None in values else function(*values, **options)

    return wrapped


def text(value: Any, function: str) -> str:
    """Insist on a String, of a length that no honest expression reaches by computing."""
    if not isinstance(value, str):
        raise mismatch(value, function, "a String")
    check_length(len(value))
    return value


def check_length(length: int) -> None:
    """Refuse a string that has grown beyond all measure, such as one doubled in every step of `aggregate`."""
    if length > LONGEST_TEXT:
        message = f"a string of {length} characters; at most {LONGEST_TEXT} are computed with"
        raise BudgetExceeded(message)


def whole(value: Any, function: str) -> int:
    """Insist on an Integer or Long."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise mismatch(value, function, "an Integer")


def number(value: Any, function: str) -> Decimal:
    """Insist on a number, and give it as Decimal."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise mismatch(value, function, "a number")


def mismatch(value: Any, function: str, expected: str) -> EvaluationError:
    """Make the error for an operand of the wrong type."""
    return EvaluationError(f"{function}() takes {expected}, not {type_of(value)}")
