"""Every function has an example here, and its boundary cases."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest

from cds.engine.errors import EngineError, EvaluationError, UnsupportedError
from cds.engine.fhirpath import FHIRPath, fhirpath
from cds.engine.fhirpath.lowering.registry import FUNCTIONS
from cds.engine.runtime import strings
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Long, Quantity

NOW = dt.datetime(2026, 3, 2, 10, 0, 0, 250_000, tzinfo=dt.timezone(dt.timedelta(hours=1)))
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "name": [{"family": "Doe", "given": ["Ann", "Bea"]}, {"family": "Roe", "given": ["Cleo"]}],
    "birthDate": "1980-05-06",
}


def evaluate(expression, focus=PATIENT, **variables):
    return fhirpath(expression).evaluate(focus, variables, now=NOW)


def q(value, unit):
    return Quantity(Decimal(str(value)), unit)


EXAMPLES = [
    # existence
    ("{}.empty()", [True]),
    ("name.empty()", [False]),
    ("name.exists()", [True]),
    ("name.exists(family = 'Roe')", [True]),
    ("name.exists($index = 2)", [False]),
    ("name.all(given.exists())", [True]),
    ("name.all(family = 'Doe')", [False]),
    ("{}.all(false)", [True]),
    ("(true | false).allTrue()", [False]),
    ("{}.allTrue()", [True]),
    ("(true | false).anyTrue()", [True]),
    ("{}.anyTrue()", [False]),
    ("(true | false).allFalse()", [False]),
    ("(true | false).anyFalse()", [True]),
    ("(1 | 2).subsetOf(1 | 2 | 3)", [True]),
    ("(1 | 4).subsetOf(1 | 2 | 3)", [False]),
    ("{}.subsetOf({})", [True]),
    ("(1 | 2 | 3).supersetOf(1 | 2)", [True]),
    ("(1 | 2).supersetOf(1 | 3)", [False]),
    ("name.given.count()", [3]),
    ("{}.count()", [0]),
    ("1.combine(1).distinct()", [1]),
    ("1 'm'.combine(100 'cm').distinct().count()", [1]),
    ("1.combine(1.0).isDistinct()", [False]),
    ("@2024.combine(@2024-01).isDistinct()", [True]),
    ("true.not()", [False]),
    ("{}.not()", []),
    # filtering
    ("name.where(family = 'Roe').given", ["Cleo"]),
    ("name.where($index = 0).family", ["Doe"]),
    ("(1).where($this > 1)", []),
    ("name.select(given.first())", ["Ann", "Cleo"]),
    ("(2).select($this + 1)", [3]),
    ("(1 | 2).select('x')", ["x", "x"]),
    ("(1 | 2).repeat(iif($this < 5, $this + 1))", [2, 3, 4, 5]),
    ("(1).repeatAll(iif($this < 3, ($this + 1).combine($this + 1)))", [2, 2, 3, 3, 3, 3]),
    ("(3 | 1 | 2).sort()", [1, 2, 3]),
    ("(3 | 1 | 2).sort($this desc)", [3, 2, 1]),
    ("name.sort(given.count(), family desc).family", ["Roe", "Doe"]),
    ("name.sort(-family).family", ["Roe", "Doe"]),
    ("('b' | 'a').sort(iif($this = 'b', {}, $this))", ["b", "a"]),
    ("('b' | 'a').sort(iif($this = 'b', {}, $this) desc)", ["a", "b"]),
    ("(@2024-02-01T00:30:00+02:00 | @2024-01-31T23:00:00Z).sort().first().toString()", ["2024-02-01T00:30:00+02:00"]),
    ("coalesce({}, name.where(family = 'x').family, 'none')", ["none"]),
    ("coalesce(name.family, 'none')", ["Doe", "Roe"]),
    ("iif(active, 1, 2)", [1]),
    ("iif({}, 1)", []),
    ("iif(false, 1/0, 'safe')", ["safe"]),
    ("'x'.iif($this = 'x', 'yes', 'no')", ["yes"]),
    ("(1 | 2 | 3).aggregate($this + $total, 0)", [6]),
    ("(5 | 7).aggregate(iif($total.empty() or $this < $total, $this, $total))", [5]),
    ("{}.aggregate($this + $total, 9)", [9]),
    # subsetting
    ("name[1].family", ["Roe"]),
    ("name[2].family", []),
    ("name[-1]", []),
    ("name.family.first().single()", ["Doe"]),
    ("{}.single()", []),
    ("name.given.first()", ["Ann"]),
    ("name.given.last()", ["Cleo"]),
    ("name.given.tail()", ["Bea", "Cleo"]),
    ("name.given.skip(2)", ["Cleo"]),
    ("name.given.skip(-1).count()", [3]),
    ("name.given.take(1)", ["Ann"]),
    ("name.given.take(0)", []),
    ("(1 | 2 | 3).intersect(2 | 4)", [2]),
    ("1.combine(1).combine(2).exclude(2)", [1, 1]),
    ("1.union(1 | 2)", [1, 2]),
    ("1.combine(1)", [1, 1]),
    ("1.combine(2, true)", [1, 2]),
    # conversion
    ("'Yes'.toBoolean()", [True]),
    ("'2'.toBoolean()", []),
    ("0.0.toBoolean()", [False]),
    ("'+5'.toInteger()", [5]),
    ("'5.0'.toInteger()", []),
    ("3000000000L.toInteger()", []),
    ("'3000000000'.toLong()", [Long(3000000000)]),
    ("'1.50'.toDecimal()", [Decimal("1.50")]),
    ("true.toDecimal()", [Decimal(1)]),
    ("1.50.toString()", ["1.50"]),
    ("0.00000001.toString()", ["0.00000001"]),
    ("(53 'km').toString()", ["53 'km'"]),
    ("(4 days).toString()", ["4 days"]),
    ("birthDate.toString()", ["1980-05-06"]),
    ("name.first().toString()", []),
    ("@2024-01-15T23:30:00-05:00.toDate()", [Date(2024, 1, 15)]),
    ("'2024-13'.toDate()", []),
    ("@2024-01.toDateTime()", [DateTime(2024, 1)]),
    ("'10:30'.toTime()", [Time(10, 30)]),
    ("'10:30+01:00'.toTime()", []),
    ("'1 day'.toQuantity()", [q(1, "day")]),
    ("'1 wk'.toQuantity()", []),
    ("1 'm'.toQuantity('cm')", [q(100, "cm")]),
    ("1 year.toQuantity('a')", [q(1, "a")]),
    ("1 'm'.toQuantity('g')", []),
    ("'x'.convertsToBoolean()", [False]),
    ("'1.0'.convertsToInteger()", [False]),
    ("42.convertsToLong()", [True]),
    ("'1.a'.convertsToDecimal()", [False]),
    ("name.first().convertsToString()", [False]),
    ("{}.convertsToString()", []),
    ("'2015-02-04'.convertsToDate()", [True]),
    ("'not a datetime'.convertsToDateTime()", [False]),
    ("'14:34:28'.convertsToTime()", [True]),
    ("2 '[in_i]'.convertsToQuantity('cm')", [True]),
    ("5 'm'.convertsToQuantity('kg')", [False]),
    # strings
    ("'abcdefg'.indexOf('bc')", [1]),
    ("'a🔥b'.indexOf('b')", [2]),
    ("'abc abc'.lastIndexOf('a')", [4]),
    ("'0123'.lastIndexOf('')", [4]),
    ("'abcdefg'.substring(3)", ["defg"]),
    ("'abcdefg'.substring(6, 2)", ["g"]),
    ("'abcdefg'.substring(7, 1)", []),
    ("'abcdefg'.substring(3, -1)", [""]),
    ("'abcdefg'.substring(3, {})", ["defg"]),
    ("''.substring(0)", []),
    ("'abc'.startsWith('')", [True]),
    ("'abc'.endsWith('bc')", [True]),
    ("'abc'.contains('d')", [False]),
    ("'aB'.upper()", ["AB"]),
    ("'aB'.lower()", ["ab"]),
    ("'abc'.replace('', 'x')", ["xaxbxcx"]),
    ("'first\\nsecond'.matches('^second')", [False]),
    ("'first\\nsecond'.matches('^SECOND', 'im')", [True]),
    ("'first\\nsecond'.matches('first.second')", [True]),
    ("'N8000123123'.matchesFull('N[0-9]{8}')", [False]),
    (
        r"'11/30/1972'.replaceMatches('(?<month>\\d{1,2})/(?<day>\\d+)/(?<year>\\d{4})', '${day}-${month}-${year}')",
        ["30-11-1972"],
    ),
    ("'abc'.length()", [3]),
    ("'ab'.toChars()", ["a", "b"]),
    ("'\\t x '.trim()", ["x"]),
    ("'A,,C'.split(',')", ["A", "", "C"]),
    ("name.given.join('-')", ["Ann-Bea-Cleo"]),
    ("('A' | 'B').join()", ["AB"]),
    ("{}.join(',')", []),
    ("'é'.encode('hex')", ["c3a9"]),
    ("'é'.encode('ascii')", ["?"]),
    ("'c3'.decode('hex')", []),
    ("'%%%'.decode('base64')", []),
    ("'c3ViamVjdHM_X2Q='.decode('urlbase64')", ["subjects?_d"]),
    ("'A&B'.escape('html')", ["A&amp;B"]),
    ("'\\n'.escape('json')", ["\\n"]),
    ("'\\\\n'.unescape('json')", ["\n"]),
    # math
    ("(-5.5 'mg').abs()", [q("5.5", "mg")]),
    ("(-1.1).ceiling()", [-1]),
    ("(-1.1).floor()", [-2]),
    ("(1.7 'kg').floor()", [q(1, "kg")]),
    ("(-1.7).truncate()", [-1]),
    ("(-2.5).round()", [-3]),
    ("3.14159.round(3)", [Decimal("3.142")]),
    ("0.exp()", [1]),
    ("1.ln()", [0]),
    ("16.log(2)", [4]),
    ("2.power(-1)", [Decimal("0.5")]),
    ("(-1).power(0.5)", []),
    ("81.sqrt()", [9]),
    ("(-1).sqrt()", []),
    # tree
    ("name.first().children().ofType(string).count()", [3]),
    ("Patient.descendants().ofType(HumanName).count()", [2]),
    # dates
    ("today()", [Date(2026, 3, 2)]),
    ("now()", [DateTime(2026, 3, 2, 10, 0, 0, 250, Decimal(1))]),
    ("timeOfDay()", [Time(10, 0, 0, 250)]),
    ("@2014-01-05T10:30:40.002-07:30.yearOf()", [2014]),
    ("@2014-01-05.monthOf()", [1]),
    ("@2014.monthOf()", []),
    ("birthDate.dayOf()", [6]),
    ("@T10:30:40.002.hourOf()", [10]),
    ("@T10:30:40.002.minuteOf()", [30]),
    ("@T10:30:40.002.secondOf()", [40]),
    ("@T10:30:40.002.millisecondOf()", [2]),
    ("@2014-01-05T10:30:40.002-07:30.timezoneOffsetOf()", [Decimal("-7.5")]),
    ("@2014-01-05T10:30-07:30.dateOf()", [Date(2014, 1, 5)]),
    ("@2014-01-05T10:30-07:30.timeOf()", [Time(10, 30)]),
    ("@2025-01-02.duration(@2025-01-07, 'week')", [0]),
    ("@2024-12-01.duration(@2025-09-01, 'month')", [9]),
    ("@2024.duration(@2025-09-01, 'day')", []),
    ("@2025-01-02.difference(@2025-01-07, 'week')", [1]),
    ("@2024-12-01.difference(@2025-09-01, 'year')", [1]),
    ("1.587.lowBoundary(2)", [Decimal("1.58")]),
    ("1.587.highBoundary(2)", [Decimal("1.59")]),
    ("(-1.587).highBoundary(0)", [-1]),
    ("0.lowBoundary()", [Decimal("-0.5")]),
    ("@2014.lowBoundary(6)", [Date(2014, 1)]),
    ("@2014-02.highBoundary()", [Date(2014, 2, 28)]),
    ("@2014.highBoundary(10)", []),
    ("@2014-01-01T08.highBoundary(17).toString()", ["2014-01-01T08:59:59.999-12:00"]),
    ("@T10:30.highBoundary()", [Time(10, 30, 59, 999)]),
    ("100.precision()", [0]),
    ("@2014-01-05T10:30.precision()", [12]),
    ("1 'cm'.comparable(1 '[in_i]')", [True]),
    ("1 'cm'.comparable(1 's')", [False]),
    # types and the rest
    ("(1 | 'a').type().name", ["Integer", "String"]),
    ("name.first().type()", [{"namespace": "FHIR", "name": "HumanName"}]),
    ("name.trace('names').count()", [2]),
    ("name.defineVariable('n', given.count()).select(%n)", [3, 3]),
    ("birthDate.hasValue()", [True]),
    ("name.hasValue()", [False]),
    ("birthDate.getValue()", [Date(1980, 5, 6)]),
    ("conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource')", [True]),
    ("conformsTo('http://hl7.org/fhir/StructureDefinition/Observation|4.0.1')", [False]),
]
ELSEWHERE = {"extension", "resolve", "memberOf", "subsumes", "subsumedBy", "htmlChecks"}  # test_fhir_functions


@pytest.mark.parametrize(("expression", "expected"), EXAMPLES, ids=[expression for expression, _ in EXAMPLES])
def test_example(expression, expected):
    found = evaluate(expression)
    assert found == expected
    assert [type(item) is bool for item in found] == [type(item) is bool for item in expected]


def test_every_function_has_an_example():
    written = " ".join(expression for expression, _ in EXAMPLES)
    used = set(re.findall(r"(\w+)\(", written))
    assert set(FUNCTIONS) - used - ELSEWHERE == set()


@pytest.mark.parametrize(
    "expression",
    [
        "name.single()",
        "name.given.upper()",
        "1.upper()",
        "'a'.abs()",
        "'a'.round()",
        "1.round(-1)",
        "0.log(2)",
        "0.ln()",
        "name.skip('a')",
        "('a' | 'b').allTrue()",
        "'a'.matches('(')",
        "'a'.matches('a', 'x')",
        "'a'.encode('rot13')",
        "'a'.escape('xml')",
        "(1 | 'a').sort()",
        "(1 'm' | 1 's').sort()",
        "name.select(1).where('x')",
        "name.where(1)",
        "iif('x', 1)",
        "@2024-01-01.duration(@2025-01-01, 'hour')",
        "@2024-01-01.difference(@T10, 'day')",
        "true.lowBoundary()",
        "'x'.precision()",
        "1.comparable(2)",
        "conformsTo('http://example.org/Profile')",
        "(1 | 2).iif(true, 1)",
        "name.repeat(%context.name.combine(%context.name)).count() + 'x'",
    ],
)
def test_what_a_function_cannot_take_is_an_error_and_not_empty(expression):
    with pytest.raises(EvaluationError):
        evaluate(expression)


@pytest.mark.parametrize(
    "expression",
    ["elementDefinition()", "slice('x', 'y')", "checkModifiers('x')", "pathname()", "Coding { code: 'a' }"],
)
def test_what_the_engine_does_not_have_is_refused_at_load(expression):
    with pytest.raises(UnsupportedError):
        fhirpath(expression)


def test_trace_reports_to_whoever_listens():
    heard = []
    expression = fhirpath("name.trace('all').trace('families', family).count()")
    assert expression.evaluate(PATIENT, now=NOW, trace=lambda name, items: heard.append((name, len(items)))) == [2]
    assert heard == [("all", 2), ("families", 2)]


def test_an_empty_argument_gives_empty_where_one_value_is_expected():
    for expression in ("'a'.indexOf({})", "'a'.substring({})", "2.power({})", "'a'.replace({}, 'b')", "name.take({})"):
        assert evaluate(expression) == []


def test_no_function_lets_anything_but_the_engine_s_own_errors_out():
    for name, function in FUNCTIONS.items():
        if name == "sort":
            continue
        for source in ("name", "1", "'x'", "birthDate"):
            for argument in ("1", "'x'", "name"):
                text = f"{source}.{name}({', '.join([argument] * function.fewest)})"
                try:
                    evaluate(text)
                except EngineError:
                    continue


@pytest.mark.parametrize("call", ["matches('a')", "matchesFull('b')", "replaceMatches('c', 'd')"])
def test_a_regular_expression_runs_in_an_evaluation_and_never_while_it_is_compiled(monkeypatch, call):
    """It may take half a second, and only an evaluation has a deadline."""
    runs = []
    monkeypatch.setattr(strings, "_in_time", lambda match: runs.append(None) or match())
    expression = FHIRPath(f"'abc'.{call}")
    assert runs == []
    expression.evaluate(PATIENT, now=NOW)
    assert runs != []
