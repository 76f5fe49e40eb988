"""Conditions as guidelines write them: windows of dates, quantities with units, newest values, what is unknown."""

from __future__ import annotations

import datetime as dt

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath import fhirpath

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def observation(identifier="o", *, value=27.5, unit="mL/min/{1.73_m2}", effective="2026-02-20T08:00:00+01:00", **more):
    quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "62238-1"}, {"system": "urn:local", "code": "EGFR"}]},
        "effectiveDateTime": effective,
        "valueQuantity": quantity,
        **more,
    }


def holds(expression, **variables):
    return fhirpath(expression).evaluate_boolean({"resourceType": "Patient", "id": "p"}, variables, now=NOW)


WINDOW = "%o.effective.ofType(dateTime) >= today() - 90 days"


@pytest.mark.parametrize(
    ("effective", "expected"),
    [
        ("2026-02-20T08:00:00+01:00", True),
        ("2025-12-02T00:00:00+01:00", None),  # some moment of the first day: today() - 90 days is that day
        ("2025-12-02", True),
        ("2025-12-01", False),
        ("2025-12-01T23:59:59+01:00", False),
        ("2025-12-03T00:00:00+01:00", True),
        ("2026", True),
        ("2026-01", True),
        ("2025-12", None),
        ("2025", None),
        ("2024", False),
    ],
)
def test_a_window_of_days_knows_what_partial_dates_leave_open(effective, expected):
    assert holds(WINDOW, o=observation(effective=effective)) is expected


def test_a_date_that_is_none_is_unknown_and_data_of_the_wrong_kind_an_error():
    assert holds(WINDOW, o=observation(effective="2026-02-30")) is None
    assert holds(WINDOW, o=observation(effective="last week")) is None
    with pytest.raises(EvaluationError, match="the data holds"):
        holds(WINDOW, o=observation(effective=20260220))


def test_offsets_count_when_hours_are_compared_and_a_missing_one_leaves_it_open():
    moment = "%o.effective.ofType(dateTime) <= @2026-02-20T07:30:00Z"
    assert holds(moment, o=observation(effective="2026-02-20T08:00:00+01:00")) is True
    assert holds(moment, o=observation(effective="2026-02-20T08:00:00Z")) is False
    assert holds(moment, o=observation(effective="2026-02-20T08:00:00")) is None


@pytest.mark.parametrize(
    ("value", "unit", "literal", "expected"),
    [
        (115, "g/L", "12 'g/dL'", True),
        (120, "g/L", "12 'g/dL'", False),
        (11.5, "g/dL", "12 'g/dL'", True),
        (1.2, "mg/dL", "100 'umol/L'", None),
        (12, "10*9/L", "12001 '/uL'", True),
        (12, "10*9/L", "12000 '/uL'", False),
        (5, "[iU]/L", "6 '/L'", None),
        (1, "mg", "1 'bogus'", None),
    ],
)
def test_quantities_are_compared_across_units_or_not_at_all(value, unit, literal, expected):
    assert holds(f"%o.value.ofType(Quantity) < {literal}", o=observation(value=value, unit=unit)) is expected
    assert holds(f"%o.value < {literal}", o=observation(value=value, unit=unit)) is expected


def test_a_quantity_that_is_not_exact_or_has_no_ucum_unit_is_unknown():
    below = observation(valueQuantity={"value": 5, "comparator": "<", "system": UCUM, "code": "mg"})
    foreign = observation(valueQuantity={"value": 5, "system": "urn:local", "code": "mg"})
    printed = observation(valueQuantity={"value": 5, "unit": "mg"})
    bare = observation(valueQuantity={"value": 5})
    no_value = observation(valueQuantity={"system": UCUM, "code": "mg"})
    condition = "%o.value.ofType(Quantity) < 6 'mg'"
    assert [holds(condition, o=o) for o in (below, foreign, printed, bare, no_value)] == [None, None, True, None, None]
    assert holds("%o.value.ofType(Quantity) = 5 'mg'", o=below) is None
    assert holds("%o.value.ofType(Quantity) < 6", o=bare) is True


def test_numbers_of_json_compare_as_written_not_as_binary():
    assert holds("%o.value.ofType(Quantity).value = 0.3", o=observation(value=0.3)) is True
    assert holds("%o.value.ofType(Quantity).value < 0.3", o=observation(value=0.3)) is False
    assert holds("%o.value.ofType(Quantity).value < 30", o=observation(value=29.999)) is True
    assert holds("%o.value.ofType(Quantity).value < 30", o=observation(value=30.0)) is False


def test_an_age_of_fhir_meets_years_of_the_calendar_and_of_ucum():
    condition = {"resourceType": "Condition", "onsetAge": {"value": 25, "system": UCUM, "code": "a", "unit": "a"}}
    assert holds("%c.onset.ofType(Age) < 30 years", c=condition) is True
    assert holds("%c.onset.ofType(Age) < 30 'a'", c=condition) is True
    assert holds("%c.onset.ofType(Age) > 310 months", c=condition) is False
    assert holds("1 year < 2 'a'") is None


NEWEST = (
    "%all.where(code.coding.exists(system = %loinc and code = '62238-1') and status in ('final' | 'amended'))"
    ".where(effective.ofType(dateTime) >= today() - 90 days).sort(effective.ofType(dateTime))"
    ".last().value.ofType(Quantity) < 30 'mL/min/{1.73_m2}'"
)


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        ([], None),
        ([observation()], True),
        ([observation(value=30)], False),
        ([observation(), observation("n", value=55, effective="2026-02-28T08:00:00Z")], False),
        # An instant of the 28th against the 27th as a day: dates compare as written, whatever the offset.
        (
            [observation(effective="2026-02-28T00:30:00+02:00"), observation("n", value=55, effective="2026-02-27")],
            True,
        ),
        ([observation(effective="2025-01-01")], None),
        ([observation(status="preliminary")], None),
        ([observation(status="entered-in-error"), observation("n", value=55)], False),
        ([observation(valueQuantity=None)], None),
        ([observation(code={"text": "eGFR"})], None),
        ([observation(code={"coding": [{"code": "62238-1"}]})], None),
    ],
)
def test_the_newest_value_of_a_window_decides(observations, expected):
    assert holds(NEWEST, all=observations) is expected


def test_a_code_among_several_codings_is_found_by_in_and_exists_but_not_by_equals():
    o = observation()
    assert holds("'62238-1' in %o.code.coding.code", o=o) is True
    assert holds("%o.code.coding.exists(code = '62238-1')", o=o) is True
    assert holds("%o.code.coding.code = '62238-1'", o=o) is False


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("true and {}", None),
        ("false and {}", False),
        ("{} or true", True),
        ("{} or false", None),
        ("{} xor true", None),
        ("{} implies true", True),
        ("{} implies false", None),
        ("false implies {}", True),
        ("{}.not()", None),
        ("{} = {}", None),
        ("{} ~ {}", True),
        ("1 in {}", False),
        ("{} in (1 | 2)", None),
        ("true and 'x'", True),
        ("%context", True),
    ],
)
def test_unknown_is_neither_true_nor_false(expression, expected):
    assert holds(expression) is expected


def test_an_element_that_is_no_boolean_counts_as_true_but_a_computed_value_is_an_error():
    dead = {"resourceType": "Patient", "deceasedDateTime": "2026-01-01"}
    alive = {"resourceType": "Patient", "deceasedBoolean": False}
    for condition in ("iif(%p.deceased, true, false)", "%p.deceased and true", "%p.where(deceased).exists()"):
        assert holds(condition, p=dead) is True
        assert holds(condition, p=alive) is False
    assert holds("iif(%p.deceased, true, false)", p={"resourceType": "Patient"}) is False
    assert holds("%p.deceased and true", p={"resourceType": "Patient"}) is None
    with pytest.raises(EvaluationError, match="asks for a Boolean"):
        holds("iif(1 + 1, true)")


def test_what_follows_a_decision_is_not_evaluated():
    assert holds("false and (1 | 2).single() = 1") is False
    assert holds("true or (1 | 2).single() = 1") is True
    with pytest.raises(EvaluationError):
        holds("true and (1 | 2).single() = 1")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("@2024-02-29 + 1 year", "2025-02-28"),
        ("@2024-03-31 - 1 month", "2024-02-29"),
        ("@2024 + 23 months", "2025"),
        ("@2024-01-31 + 7.9 days", "2024-02-07"),
        ("now() - 24 hours", "2026-03-01T10:00:00.000+01:00"),
        ("@T23:30 + 1 hour", "00:30"),
    ],
)
def test_dates_move_by_the_calendar(expression, expected):
    found = fhirpath(expression).evaluate(None, now=NOW)
    assert [str(value) for value in found] == [expected]


@pytest.mark.parametrize("expression", ["today() - 24 hours", "@2024 + 1 'a'", "@2024-01-01 + 7", "@T10 + 1 day"])
def test_a_duration_that_does_not_fit_is_an_error(expression):
    with pytest.raises(EvaluationError):
        fhirpath(expression).evaluate(None, now=NOW)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("@2024-05 = @2024-05-01", None),
        ("@2024-05 ~ @2024-05-01", False),
        ("@T10:00:00 = @T10:00:00.0", True),
        ("@2024-01-01T10:00:00 = @2024-01-01T10:00:00.1", False),
        ("@2024-01-01T00:30:00+02:00 < @2023-12-31T23:00:00Z", True),
        ("1 'mg' = 1", None),
        ("1 '1' = 1", True),
        ("1 = '1'", False),
        ("'a b' ~ 'A\tB'", True),
        ("'a  b' ~ 'a b'", False),
        ("1 year ~ 12 'mo'", True),
        ("4 'g' ~ 4040 'mg'", True),
        ("21 'mm' ~ 2 'cm'", True),
        ("(1 | 2) ~ (2 | 1)", True),
        ("(1 | 2) = (2 | 1)", False),
        ("0.67 ~ 1.2 / 1.8", True),
    ],
)
def test_equality_and_equivalence(expression, expected):
    assert holds(expression) is expected
