"""JSON in and out, strictly.

In: a doubled member, NaN, Infinity, a lone surrogate, NUL, bad UTF-8 or a structure deeper than `MAX_DEPTH` is refused,
because what two parsers would read differently nobody may act on. Numbers with a fraction become `Decimal`, so that
6.10 keeps its digits. Out: UTF-8 bytes, Decimals with the digits they came with.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
import orjson

from cds.errors import BadRequest

MAX_DEPTH = 64
_T = TypeVar("_T")
_MAX_DIGITS = 40
_NEVER_OUT_OF_RANGE = 4  # characters: 9e99


def loads(body: bytes) -> Any:
    """Decode a JSON document; raise `BadRequest` with the reason, never with the text, when it is not strict JSON."""
    value = _quickly(body)
    return _strictly(body) if value is _IN_DOUBT else value


def _quickly(body: bytes) -> Any:
    """Decode with a fast parser what is certainly strict JSON, else return `_IN_DOUBT`.

    The parser refuses all that is no JSON, but keeps the last of doubled members and takes any depth. So the result is
    written again: a member that got lost is two quotation marks less, because a mark in a string is one mark in both
    texts unless it is the escape u0022; and what is too deep, below the padding, is too deep for orjson to write.
    """
    if not _PADDING or (b"\\" in body and (b"\\u0022" in body or b"\\u0000" in body)):
        return _IN_DOUBT
    try:
        value = _FAST.decode(body)
        padded = value
        for _ in range(_PADDING):
            padded = [padded]
        written = orjson.dumps(padded, default=bool)  # of a Decimal anything will do that has no marks
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError, BadRequest):
        return _IN_DOUBT
    return value if written.count(b'"') == body.count(b'"') else _IN_DOUBT


def _strictly(body: bytes) -> Any:
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
        _refuse_no_text(value)
    return value


def dumps(value: Any, *, indent: bool = False) -> bytes:
    """Encode as JSON; Decimals are written as numbers with their own digits."""
    return orjson.dumps(value, default=_encode, option=orjson.OPT_INDENT_2 if indent else None)


def as_written(text: bytes) -> Any:
    """Let `dumps` put JSON into what it writes as it is; `text` must be whole and valid."""
    return orjson.Fragment(text)


def read_back(text: str | bytes) -> Any:
    """Decode what `dumps` wrote: numbers with a fraction become `Decimal`, nothing is refused."""
    return json.loads(text, parse_float=Decimal)


def copied(value: _T) -> _T:
    """Copy JSON, so that a change of the copy leaves the original alone; several times as fast as `copy.deepcopy`."""
    copy: Any = value
    if isinstance(value, dict):
        copy = {name: copied(one) if isinstance(one, (dict, list)) else one for name, one in value.items()}
    elif isinstance(value, list):
        copy = [copied(one) if isinstance(one, (dict, list)) else one for one in value]
    result: _T = copy
    return result


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member stands twice in one object: which of the two is meant cannot be known"
        raise BadRequest(msg)
    return members


def _decimal(digits: str) -> Decimal:
    if len(digits) <= _NEVER_OUT_OF_RANGE:
        return Decimal(digits)
    try:
        value = Decimal(digits)
    except InvalidOperation:  # its exponent has too many digits
        value = None
    if value is None or len(digits) > _MAX_DIGITS or not -400 < value.adjusted() < 300:
        msg = "a number is out of range"
        raise BadRequest(msg)
    return value


def _integer(digits: str) -> int | Decimal:
    if len(digits) > _MAX_DIGITS:
        msg = "a number is out of range"
        raise BadRequest(msg)
    value = int(digits)
    # What does not fit into 64 bits could be read, but not be written again, as an int.
    return value if -(2**63) <= value < 2**64 else Decimal(digits)


def _levels_written() -> int:
    """Count how many levels orjson writes before it refuses; 0 where it has no such limit near `MAX_DEPTH`."""
    nested: list[Any] = []
    for levels in range(1_000):
        try:
            orjson.dumps(nested)
        except TypeError:
            return levels
        nested = [nested]
    return 0


_IN_DOUBT = object()
_FAST = msgspec.json.Decoder(float_hook=_decimal)
_PADDING = max(0, _levels_written() - MAX_DEPTH + 2)  # what is two levels less deep than the limit is in no doubt


def _constant(name: str) -> Any:
    msg = f"{name} is not a JSON number"
    raise BadRequest(msg)


def _refuse_deep(text: str) -> None:
    """Refuse before parsing, because the parser recurses, and so does who walks through what it gives."""
    if _is_deep(text[:_FIRST_LOOK]) or (len(text) > _FIRST_LOOK and _is_deep(text)):
        msg = f"the body is nested deeper than {MAX_DEPTH} levels"
        raise BadRequest(msg)


def _is_deep(text: str) -> bool:
    brackets = _brackets(text)
    left, levels = brackets, 0
    while b"[]" in left and levels < MAX_DEPTH:  # takes away the innermost level of every nest at once
        left, levels = left.replace(b"[]", b""), levels + 1
    if b"[]" not in left and levels + left.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket == _OPENING else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _brackets(text: str) -> bytes:
    """Give the brackets that are not in strings, braces as brackets: a `]` in a string must not close one outside."""
    without_escapes = text.replace("\\\\", "").replace('\\"', "") if "\\" in text else text
    return "".join(without_escapes.split('"')[::2]).encode().translate(_ONE_KIND, _NO_BRACKETS)


_OPENING = ord("[")
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_FIRST_LOOK = 65_536  # characters; who nests to do harm seldom waits longer


def _refuse_no_text(value: Any) -> None:
    """Refuse what an escape can write but no text holds: half a surrogate pair, and NUL, which databases refuse."""
    try:
        encoded = orjson.dumps(value, default=_encode)
    except TypeError:
        msg = "a string holds a lone surrogate"
        raise BadRequest(msg) from None
    if _NUL.search(encoded):
        msg = "a string holds a NUL character"
        raise BadRequest(msg)


_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f") if -30 < value.adjusted() < 30 else str(value))
    raise TypeError
