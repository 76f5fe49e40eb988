"""Strict JSON: hostile inputs 10 … 14."""

from decimal import Decimal

import pytest

from cds.errors import BadRequest
from cds.fhir.json import MAX_DEPTH, dumps, loads


def test_a_decimal_keeps_its_digits_from_reading_to_writing():
    assert loads(b'{"value": 6.10}') == {"value": Decimal("6.10")}
    assert dumps(loads(b'{"value":6.10}')) == b'{"value":6.10}'


def test_numbers_that_are_whole_stay_integers():
    assert type(loads(b"[25]")[0]) is int


def test_a_byte_order_mark_is_accepted():
    assert loads(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{} x", "not JSON"),
        (b'{"hook": "a", "hook": "b"}', "twice"),
        (b'{"context": {"patientId": "1", "patientId": "2"}}', "twice"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "out of range"),
        (b"[" + b"9" * 5000 + b"]", "out of range"),
        (b'"\\ud800"', "surrogate"),
        (b"\xff\xfe", "UTF-8"),
        (b"\xc0\x80", "UTF-8"),
        (b"[" * 200_000, "nested"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "nested"),
    ],
)
def test_what_two_parsers_would_read_differently_is_refused_without_an_echo(body, reason):
    with pytest.raises(BadRequest, match=reason) as refused:
        loads(body)
    assert len(str(refused.value)) < 120


def test_depth_is_refused_beyond_the_limit_and_not_at_it():
    loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(BadRequest, match="nested"):
        loads(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_brackets_in_text_do_not_count_as_depth():
    assert loads(b'["' + b"[{" * 500 + b'\\""]') == ["[{" * 500 + '"']


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b"]" * 500 + b'", "b": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"a\\"' + b"}" * 500 + b'": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"a\\\\": "' + b"]" * 500 + b'", "b": ' + b"[" * 500 + b"]" * 500 + b"}",
        b" " * 70_000 + b"[" * 500 + b"]" * 500,
    ],
)
def test_closing_brackets_in_text_do_not_hide_depth(body):
    with pytest.raises(BadRequest, match="nested deeper"):
        loads(body)


@pytest.mark.parametrize("body", [rb'"\u0000"', rb'{"a": ["x\u0000y"]}', rb'{"\u0000": 1}', rb'"\\\u0000"'])
def test_a_nul_in_text_is_refused(body):
    with pytest.raises(BadRequest, match="NUL"):
        loads(body)


def test_a_backslash_before_u0000_is_text_like_any_other():
    assert loads(rb'"\\u0000"') == "\\u0000"
