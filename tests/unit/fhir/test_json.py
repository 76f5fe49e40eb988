"""Strict JSON: hostile inputs 10 … 14."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cds.errors import BadRequest
from cds.fhir import json as strict_json
from cds.fhir.json import MAX_DEPTH, as_written, dumps, loads, read_back


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
        (b"[1e" + b"9" * 30 + b"]", "out of range"),
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


@pytest.mark.parametrize(
    "digits", ["1e300", "9e999", "1E300", "0.1e301", "1e-401", "-9e300", "1e9999", "1." + "0" * 40]
)
def test_a_number_beyond_what_is_computed_with_is_refused_however_short_it_is(digits):
    with pytest.raises(BadRequest, match="out of range"):
        loads(f"[{digits}]".encode())


@pytest.mark.parametrize("digits", ["9e99", "1e-9", "-1e9", "0.10", "1e299", "9.9e299", "1e-399", "1." + "0" * 38])
def test_a_number_in_the_range_keeps_its_digits(digits):
    (number,) = loads(f"[{digits}]".encode())
    assert number.as_tuple() == Decimal(digits).as_tuple()


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


def _read_by(decode, body):
    try:
        return repr(decode(body))
    except BadRequest:
        return "refused"


_TEXTS = st.text(alphabet=st.sampled_from('a"\\:{}[],/u0\x00\x1f\x7fé\u2028😀'), max_size=5)
_NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False).map(str).map(float) | st.just(2**64)
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=12,
)
_PIECES = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b'"', b":", b",", b" ", b"\n", b"\\", b"\\u", b"0022", b"0000", b"d800"),
        *(b'"a":1', b'"a"', b'"\\u0061"', b"\\ud83d\\ude00", b'\\"', b"\\\\", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf"),
        *(b"-", b"0", b"1.50", b"e9", b"E400", b"1e999", b"NaN", b"9" * 45, b"18446744073709551616", b"null", b"\x00"),
    ]
)


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=12).map(b"".join))
@example(b'{"a":1,"a":2}')
@example(b'{"a":1,"\\u0061":2}')
@example(b'{"a":"\\u0022\\u0022","a":2}')
@example(b'[{"x":{"a":1,"a":1}},"\\""]')
@example(b'{"a":"\\\\","a":"\\\\"}')
@example(b"[1e" + b"9" * 50 + b"]")
@example(b"[" * 63 + b"]" * 63)
@example(b"[" * 65 + b"]" * 65)
def test_what_is_decoded_quickly_is_what_the_strict_parser_reads(body):
    value = strict_json._quickly(body)
    if value is not strict_json._IN_DOUBT:
        assert repr(value) == _read_by(strict_json._strictly, body)


@settings(max_examples=200)
@given(_DOCUMENTS, st.booleans(), st.sampled_from([None, 2]))
def test_ordinary_documents_are_decoded_alike_however_they_are_written(document, ascii_only, indent):
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    assert _read_by(loads, body) == _read_by(strict_json._strictly, body)


def test_a_document_without_anything_odd_is_in_no_doubt():
    body = '{"value": 6.10, "unit": "µg\\/l", "text": "a \\"quoted\\" \\u00e6", "none": [null, true, {}]}'.encode()
    assert strict_json._quickly(body) == strict_json._strictly(body)


def test_a_doubled_member_is_in_doubt_whatever_else_the_document_holds():
    for inner in (b'"a":1,"a":1', b'"a":{"b":"c"},"a":{"b":"c"}', b'"":0,"":0', b'"a":"\\"","a":"x"'):
        assert strict_json._quickly(b'[{"more":"\\u00e6"},{' + inner + b"}]") is strict_json._IN_DOUBT


def test_what_is_json_already_is_put_in_as_it_is_and_all_is_read_back():
    inner = dumps({"value": Decimal("6.10"), "whole": 2**63, "none": None})
    text = dumps({"a": as_written(inner), "b": [as_written(b"[]"), 1]})
    assert text == b'{"a":%b,"b":[[],1]}' % inner
    assert str(read_back(text)["a"]["value"]) == "6.10"
    assert read_back(text) == {"a": {"value": Decimal("6.10"), "whole": 2**63, "none": None}, "b": [[], 1]}
