"""JSON in and out, strictly.

In: a doubled member, NaN, Infinity, a lone surrogate, bad UTF-8 or a structure deeper than `MAX_DEPTH` is refused,
because what two parsers would read differently nobody may act on. Numbers with a fraction become `Decimal`, so that
6.10 keeps its digits. Out: UTF-8 bytes, Decimals with the digits they came with.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson

from cds.errors import BadRequest

MAX_DEPTH = 64
_MAX_DIGITS = 40


def loads(body: bytes) -> Any:
    """Decode a JSON document; raise `BadRequest` with the reason, never with the text, when it is not strict JSON."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = "the body is not UTF-8"
        raise BadRequest(msg) from None
    _refuse_deep(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        msg = f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise BadRequest(msg) from None
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def dumps(value: Any, *, indent: bool = False) -> bytes:
    """Encode as JSON; Decimals are written as numbers with their own digits."""
    return orjson.dumps(value, default=_encode, option=orjson.OPT_INDENT_2 if indent else None)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member stands twice in one object: which of the two is meant cannot be known"
        raise BadRequest(msg)
    return members


def _decimal(digits: str) -> Decimal:
    value = Decimal(digits)
    if len(digits) > _MAX_DIGITS or not -400 < value.adjusted() < 300:
        msg = "a number is out of range"
        raise BadRequest(msg)
    return value


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        msg = "a number is out of range"
        raise BadRequest(msg)
    return int(digits)


def _constant(name: str) -> Any:
    msg = f"{name} is not a JSON number"
    raise BadRequest(msg)


def _refuse_deep(text: str) -> None:
    """Refuse before parsing, because the parser recurses; look past strings only if the quick look says deep."""
    if _depth(text) > MAX_DEPTH and _depth(_without_strings(text)) > MAX_DEPTH:
        msg = f"the body is nested deeper than {MAX_DEPTH} levels"
        raise BadRequest(msg)


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text.translate(_ONLY_BRACKETS):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


_ONLY_BRACKETS = {code: None for code in range(128) if chr(code) not in "[]{}"}


def _without_strings(text: str) -> str:
    parts: list[str] = []
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        else:
            parts.append(character)
    return "".join(parts)


def _refuse_surrogates(value: Any) -> None:
    try:
        orjson.dumps(value, default=_encode)
    except TypeError:
        msg = "a string holds a lone surrogate"
        raise BadRequest(msg) from None


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f") if -30 < value.adjusted() < 30 else str(value))
    raise TypeError
