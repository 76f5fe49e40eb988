"""String functions. Positions count characters from 0; one regular expression runs in 'single line' mode.

https://hl7.org/fhirpath/#string-manipulation and https://hl7.org/fhirpath/#additional-string-functions
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.arguments import check_length, empty_in_empty_out, text, whole
from cds.engine.fhirpath.values.system import system_values
from cds.engine.runtime import strings

_WHITE_SPACE = " \t\r\n"
_FLAGS = {"i": "i", "m": "m"}
_LONGEST_PATTERN = 10_000


@empty_in_empty_out
def length(value: Any) -> int:
    """Count the characters."""
    return len(text(value, "length"))


@empty_in_empty_out
def index_of(value: Any, part: Any) -> int:
    """Find where a part first occurs; -1 where it does not."""
    return text(value, "indexOf").find(text(part, "indexOf"))


@empty_in_empty_out
def last_index_of(value: Any, part: Any) -> int:
    """Find where a part last occurs; -1 where it does not."""
    return text(value, "lastIndexOf").rfind(text(part, "lastIndexOf"))


def substring(value: Any, start: Any, length: Any = None) -> str | None:
    """Cut out from a position, at most `length` characters; empty where the position is outside."""
    return _substring(value, start) if length is None else _substring(value, start, length)


@empty_in_empty_out
def _substring(value: Any, start: Any, length: Any = None) -> str | None:
    string, first = text(value, "substring"), whole(start, "substring")
    if not 0 <= first < len(string):
        return None
    return string[first:] if length is None else string[first : first + max(0, whole(length, "substring"))]


@empty_in_empty_out
def starts_with(value: Any, prefix: Any) -> bool:
    """Say whether a string starts with another."""
    return text(value, "startsWith").startswith(text(prefix, "startsWith"))


@empty_in_empty_out
def ends_with(value: Any, suffix: Any) -> bool:
    """Say whether a string ends with another."""
    return text(value, "endsWith").endswith(text(suffix, "endsWith"))


@empty_in_empty_out
def contains(value: Any, part: Any) -> bool:
    """Say whether a string has another in it."""
    return text(part, "contains") in text(value, "contains")


@empty_in_empty_out
def upper(value: Any) -> str:
    """Turn to upper case."""
    return text(value, "upper").upper()


@empty_in_empty_out
def lower(value: Any) -> str:
    """Turn to lower case."""
    return text(value, "lower").lower()


@empty_in_empty_out
def replace(value: Any, part: Any, substitution: Any) -> str:
    """Replace every occurrence; an empty part stands between all characters."""
    string, old, new = (text(argument, "replace") for argument in (value, part, substitution))
    check_length(len(string) + string.count(old) * len(new))
    return string.replace(old, new)


@empty_in_empty_out
def matches(value: Any, pattern: Any, flags: Any = "") -> bool | None:
    """Say whether a regular expression matches anywhere."""
    return strings.matches(text(value, "matches"), _pattern(pattern, flags, "matches"))


@empty_in_empty_out
def matches_full(value: Any, pattern: Any, flags: Any = "") -> bool | None:
    """Say whether a regular expression matches the whole string."""
    return strings.matches_full(text(value, "matchesFull"), _pattern(pattern, flags, "matchesFull"))


@empty_in_empty_out
def replace_matches(value: Any, pattern: Any, substitution: Any, flags: Any = "") -> str | None:
    """Replace every match of a regular expression; `$1` and `${name}` stand for groups."""
    expression = _pattern(pattern, flags, "replaceMatches")
    string, new = text(value, "replaceMatches"), text(substitution, "replaceMatches")
    check_length(len(new) and len(new) * len(strings.split_on_matches(string, expression) or ()))
    return strings.replace_matches(string, expression, new) if pattern else string


@lru_cache(maxsize=512)
def _pattern(pattern: Any, flags: Any, function: str) -> str:
    expression = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", text(pattern, function))  # PCRE's named groups are Python's
    if len(expression) > _LONGEST_PATTERN:
        message = f"{function}(): a regular expression of more than {_LONGEST_PATTERN} characters"
        raise EvaluationError(message)
    if unknown := set(text(flags, function)) - _FLAGS.keys():
        message = f"{function}() knows the flags i and m, not {', '.join(sorted(unknown))}"
        raise EvaluationError(message)
    return f"(?{flags}){expression}" if flags else expression


@empty_in_empty_out
def to_chars(value: Any) -> list[str]:
    """Split into characters."""
    return list(text(value, "toChars"))


@empty_in_empty_out
def trim(value: Any) -> str:
    """Drop white space at both ends."""
    return text(value, "trim").strip(_WHITE_SPACE)


@empty_in_empty_out
def split(value: Any, separator: Any) -> list[str]:
    """Split at every separator."""
    string, between = text(value, "split"), text(separator, "split")
    return string.split(between) if between else list(string)


def join(items: Iterable[Any] | None, separator: Any = "") -> str | None:
    """Join strings; empty where there is none."""
    parts = [text(item, "join") for item in system_values(items)]
    between = "" if separator is None else text(separator, "join")
    check_length(sum(map(len, parts)) + len(parts) * len(between))
    return between.join(parts) if parts else None


_ENCODE: dict[str, Callable[[str], str]] = {
    "hex": lambda string: string.encode().hex(),
    "base64": lambda string: base64.b64encode(string.encode()).decode(),
    "urlbase64": lambda string: base64.urlsafe_b64encode(string.encode()).decode(),
    "ascii": lambda string: string.encode("ascii", "replace").decode(),
}
_DECODE: dict[str, Callable[[str], bytes]] = {
    "hex": bytes.fromhex,
    "base64": lambda string: base64.b64decode(string, validate=True),
    "urlbase64": lambda string: base64.b64decode(string, altchars="-_", validate=True),
}


@empty_in_empty_out
def encode(value: Any, form: Any) -> str:
    """Encode as hex, base64, urlbase64 or ascii."""
    return _chosen(_ENCODE, form, "encode")(text(value, "encode"))


@empty_in_empty_out
def decode(value: Any, form: Any) -> str | None:
    """Decode hex, base64 or urlbase64; empty where the text is not of that form, or not UTF-8."""
    try:
        return _chosen(_DECODE, form, "decode")(text(value, "decode")).decode()
    except (ValueError, binascii.Error):
        return None


@empty_in_empty_out
def escape(value: Any, target: Any) -> str:
    """Escape for html or json."""
    return _chosen(_ESCAPE, target, "escape")(text(value, "escape"))


@empty_in_empty_out
def unescape(value: Any, target: Any) -> str | None:
    """Undo `escape`; empty where a json text is not one."""
    return _chosen(_UNESCAPE, target, "unescape")(text(value, "unescape"))


def _from_json(string: str) -> str | None:
    try:
        quoted = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', string)
        value = json.loads(f'"{quoted}"')
    except ValueError:
        return None
    return value if isinstance(value, str) else None


_ESCAPE: dict[str, Callable[[str], str]] = {
    "html": html.escape,
    "json": lambda string: json.dumps(string, ensure_ascii=False)[1:-1],
}
_UNESCAPE: dict[str, Callable[[str], str | None]] = {"html": html.unescape, "json": _from_json}

F = TypeVar("F")


def _chosen(table: Mapping[str, F], name: Any, function: str) -> F:
    found = table.get(text(name, function))
    if found is None:
        message = f"{function}() knows {', '.join(table)}, not {name!r}"
        raise EvaluationError(message)
    return found
