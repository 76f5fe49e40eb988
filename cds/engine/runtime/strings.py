"""String operators. Null in, null out; positions count from 0.

Patterns run on the `regex` library because it can be told when to give up: with Python's own, one careless pattern in
a guideline (`(a+)+$`) and one long note in a record would hold the server for good.
https://cql.hl7.org/09-b-cqlreference.html#string-operators-3
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

import regex

from cds.engine.errors import EvaluationError

_GROUP_REFERENCE = regex.compile(r"\\(.)|\$(\d+)|\$\{(\w+)\}")
_SECONDS_PER_MATCH = 0.5
_TRIES = 10  # for a pattern that did not have the processor while its time ran out

_T = TypeVar("_T")


def concatenate(*operands: str | None) -> str | None:
    """Join the operands; null if one of them is (`+`)."""
    # None equals itself alone, so that the texts themselves are not compared.
    return None if None in operands else "".join(operands)  # type: ignore[arg-type]  # none of them is None


def combine(source: Sequence[str | None] | None, separator: str | None = None) -> str | None:
    """Join a list's strings, leaving out nulls; null when there is nothing to join."""
    if source is None:
        return None
    known = [element for element in source if element is not None]
    return (separator or "").join(known) if known else None


def length(operand: str | None) -> int | None:
    """Return the number of characters (Unicode code points)."""
    return None if operand is None else len(operand)


def indexer(operand: str | None, index: int | None) -> str | None:
    """Return the character at the index; null when there is none."""
    if operand is None or index is None or not 0 <= index < len(operand):
        return None
    return operand[index]


def upper(operand: str | None) -> str | None:
    """Return the string in upper case."""
    return None if operand is None else operand.upper()


def lower(operand: str | None) -> str | None:
    """Return the string in lower case."""
    return None if operand is None else operand.lower()


def starts_with(operand: str | None, prefix: str | None) -> bool | None:
    """Return whether the string starts with the prefix."""
    return None if operand is None or prefix is None else operand.startswith(prefix)


def ends_with(operand: str | None, suffix: str | None) -> bool | None:
    """Return whether the string ends with the suffix."""
    return None if operand is None or suffix is None else operand.endswith(suffix)


def position_of(pattern: str | None, string: str | None) -> int | None:
    """Return where the pattern first appears; -1 if it does not."""
    return None if pattern is None or string is None else string.find(pattern)


def last_position_of(pattern: str | None, string: str | None) -> int | None:
    """Return where the pattern last appears; -1 if it does not."""
    return None if pattern is None or string is None else string.rfind(pattern)


def substring(operand: str | None, start_index: int | None, length: int | None = None) -> str | None:
    """Return the part from `start_index` on, at most `length` characters; null when the start is out of range."""
    if operand is None or start_index is None or start_index < 0:
        return None
    if start_index >= len(operand) and operand:
        return None
    if start_index > 0 and not operand:
        return None
    return operand[start_index:] if length is None else operand[start_index : start_index + max(length, 0)]


def split(string: str | None, separator: str | None) -> list[str] | None:
    """Split at every separator; the whole string as one element when the separator is null, empty or absent."""
    if string is None:
        return None
    return string.split(separator) if separator else [string]


def split_on_matches(string: str | None, pattern: str | None) -> list[str] | None:
    """Split at every match of a regular expression; groups in the pattern add nothing to the result."""
    if string is None:
        return None
    if pattern is None:
        return [string]
    parts, start = [], 0
    found = _in_time(lambda: list(_compiled(pattern).finditer(string, timeout=_SECONDS_PER_MATCH)))
    for match in found:
        if match.end() > match.start():
            parts.append(string[start : match.start()])
            start = match.end()
    return [*parts, string[start:]]


def matches(string: str | None, pattern: str | None) -> bool | None:
    """Return whether the regular expression matches anywhere in the string; `^` and `$` anchor it.

    Raises EvaluationError when the pattern is no regular expression, or takes longer than half a second.
    """
    if string is None or pattern is None:
        return None
    return _in_time(lambda: _compiled(pattern).search(string, timeout=_SECONDS_PER_MATCH) is not None)


def matches_full(string: str | None, pattern: str | None) -> bool | None:
    """Return whether the regular expression matches the whole string."""
    if string is None or pattern is None:
        return None
    return _in_time(lambda: _compiled(pattern).fullmatch(string, timeout=_SECONDS_PER_MATCH) is not None)


def replace_matches(string: str | None, pattern: str | None, substitution: str | None) -> str | None:
    r"""Replace every match; `$1` and `${name}` in the substitution stand for groups, `\$` for the sign itself."""
    if string is None or pattern is None or substitution is None:
        return None

    def filled(match: regex.Match[str]) -> str:
        def group(reference: regex.Match[str]) -> str:
            escaped, number, name = reference.groups()
            if escaped is not None:
                return str(escaped)
            try:
                return match.group(int(number) if number else name) or ""
            except IndexError:
                message = f"ReplaceMatches: the pattern has no group {number or name}"
                raise EvaluationError(message) from None

        return _GROUP_REFERENCE.sub(group, substitution)

    replacement = filled if "\\" in substitution or "$" in substitution else substitution
    return _in_time(lambda: _compiled(pattern).sub(replacement, string, timeout=_SECONDS_PER_MATCH))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> regex.Pattern[str]:
    try:
        # "Single line mode" of PCRE: the dot matches a line break too, ^ and $ anchor the whole string.
        return regex.compile(pattern, regex.DOTALL)
    except (regex.error, OverflowError, RecursionError) as error:
        message = f"{pattern[:100]!r} is not a regular expression: {error}"
        raise EvaluationError(message) from None


def _in_time(match: Callable[[], _T]) -> _T:
    """Match within the time limit. Its clock goes on while others work: then the pattern has another try."""
    began = time.thread_time()
    for _ in range(_TRIES):
        try:
            return match()
        except TimeoutError:
            if time.thread_time() - began >= _SECONDS_PER_MATCH / 2:
                break
    message = f"a regular expression took over {_SECONDS_PER_MATCH} s; avoid choices in repetitions, as in (a|aa)+"
    raise EvaluationError(message) from None
