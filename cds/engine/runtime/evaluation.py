"""Operators that depend on the evaluation: its clock and offset, its terminology, its messages.

Each takes the run first. https://cql.hl7.org/09-b-cqlreference.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.run import Run
from cds.engine.runtime import clinical, conversion, temporal_parts
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, CodeSystem, Concept, ValueSet, type_name


def now(run: Run) -> DateTime:
    """ELM Now: the moment of the evaluation."""
    moment: DateTime = run.now
    return moment


def today(run: Run) -> Date:
    """ELM Today: the date of the evaluation, on its own clock."""
    return Date(run.now.year, run.now.month, run.now.day)


def time_of_day(run: Run) -> Time:
    """ELM TimeOfDay: the time of the evaluation, on its own clock."""
    return Time(run.now.hour, run.now.minute, run.now.second, run.now.millisecond)


def date_time(
    run: Run,
    year: int | None,
    month: int | None = None,
    day: int | None = None,
    hour: int | None = None,
    minute: int | None = None,
    second: int | None = None,
    millisecond: int | None = None,
    offset: Decimal | int | None = None,
) -> DateTime | None:
    """ELM DateTime; without an offset it gets the evaluation's."""
    zone = run.now.offset if offset is None else offset
    return temporal_parts.date_time(year, month, day, hour, minute, second, millisecond, zone)


def to_date_time(run: Run, argument: Any) -> DateTime | None:
    """ELM ToDateTime; without an offset it gets the evaluation's."""
    return conversion.to_date_time(argument, run.now.offset)


def time_from(run: Run, value: DateTime | None) -> Time | None:
    """ELM TimeFrom, on the evaluation's clock."""
    return temporal_parts.time_from(value, run.now.offset)


def calculate_age(run: Run, birth_date: Any, precision: str) -> int | Uncertainty | None:
    """ELM CalculateAge: the age today, or now for precisions finer than a day."""
    as_of = run.now if isinstance(birth_date, DateTime) else today(run)
    return clinical.calculate_age_at(birth_date, as_of, precision)


class _NoTerminology:
    """Stands where no terminology was given: every value set is unknown, and asking for one is an error."""

    def codes(self, url: str, version: str | None) -> None:  # noqa: ARG002 - the names of the protocol
        return None


_NO_TERMINOLOGY = _NoTerminology()


def terminology(run: Run) -> Any:
    """Return the source of codes of this evaluation."""
    return _NO_TERMINOLOGY if run.value_sets is None else run.value_sets


def in_value_set(run: Run, code: Any, value_set: ValueSet | None) -> bool | None:
    """ELM InValueSet."""
    return clinical.in_value_set(code, value_set, terminology(run))


def any_in_value_set(run: Run, codes: list[Any] | None, value_set: ValueSet | None) -> bool | None:
    """ELM AnyInValueSet."""
    return clinical.any_in_value_set(codes, value_set, terminology(run))


def in_code_system(run: Run, code: Any, code_system: CodeSystem | None) -> bool | None:
    """ELM InCodeSystem."""
    return clinical.in_code_system(code, code_system, terminology(run))


def any_in_code_system(run: Run, codes: list[Any] | None, code_system: CodeSystem | None) -> bool | None:
    """ELM AnyInCodeSystem."""
    return clinical.any_in_code_system(codes, code_system, terminology(run))


def expand_value_set(run: Run, value_set: ValueSet | None) -> list[Code] | None:
    """ELM ExpandValueSet."""
    return clinical.expand_value_set(value_set, terminology(run))


def message(run: Run, source: Any, condition: bool | None, code: Any, severity: str | None, text: Any) -> Any:
    """ELM Message: gives the source; severity Error stops the evaluation, the others are kept with the run.

    Raises EvaluationError for severity "Error" when the condition is true.
    """
    if condition is True:
        words = " ".join(str(part) for part in (code, text) if part is not None)
        if severity == "Error":
            raise EvaluationError(words or "the library reports an error")
        run.messages.append((severity or "Message", words))
    return source


def codes_of(value: Any) -> list[Code]:
    """Return the codes of a Code, a Concept, a code without system, or a list of these."""
    if value is None:
        return []
    if isinstance(value, str):
        return [Code(value)]
    if isinstance(value, Concept):
        return list(value.codes)
    if isinstance(value, Code):
        return [value]
    if isinstance(value, list):
        return [code for part in value for code in codes_of(part)]
    message = f"a {type_name(value)} is no code to retrieve by"
    raise EvaluationError(message)
