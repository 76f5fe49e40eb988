"""Evaluation as a whole: budget, broken data, places of errors, threads, and what the compiled code looks like."""

from __future__ import annotations

import datetime as dt
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cds.engine.errors import BudgetExceeded, EngineError, EvaluationError
from cds.engine.fhirpath import fhirpath

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"given": ["A", "B"]}], "birthDate": "1980-05-06"}


def sources(expression, focus, **variables):
    """The Python that an expression became."""
    compiled = fhirpath(expression)
    compiled.evaluate(focus, variables, now=NOW)
    return "\n".join(form.module.source for form in compiled._compiled.values())


def test_a_walk_that_does_not_end_is_stopped_by_the_budget():
    with pytest.raises(BudgetExceeded):
        fhirpath("(1).repeat($this + 1)").evaluate(None, now=NOW, max_steps=10_000)
    many = {"all": [PATIENT] * 200}
    assert fhirpath("%all.where(id = 'x').count()").evaluate(None, many, now=NOW, max_steps=200) == [0]
    with pytest.raises(BudgetExceeded):
        fhirpath("%all.where(id = 'x').count()").evaluate(None, many, now=NOW, max_steps=199)


@pytest.mark.parametrize(
    "expression",
    [
        "$total & $total",
        "$total + $total",
        "$total.replace('', 'xxxx')",
        "$total.replaceMatches('x', 'xxxx')",
        "$total.encode('hex')",
        "$total.combine($total)",
        "($total & 'y').toChars().join($total)",
    ],
)
def test_what_doubles_at_every_step_ends_before_memory_does(expression):
    steps = "(" + "|".join(str(n) for n in range(100)) + ")"
    started = time.monotonic()
    with pytest.raises(BudgetExceeded):
        fhirpath(f"{steps}.aggregate({expression}, 'x')").evaluate(None, now=NOW)
    assert time.monotonic() - started < 20


def test_a_deadline_ends_an_evaluation():
    with pytest.raises(BudgetExceeded, match="time"):
        fhirpath("(1).repeat($this + 1)").evaluate(None, now=NOW, deadline=time.monotonic() - 1)


def test_an_error_names_the_expression_and_the_place():
    with pytest.raises(EvaluationError) as caught:
        fhirpath("name.exists() and name.given.single() = 'A'").evaluate(PATIENT, now=NOW)
    assert caught.value.definition == "name.exists() and name.given.single() = 'A'"
    assert caught.value.locator == "at character 29"
    assert "one item is expected here, but there are 2" in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "patient"),
    [
        ("name.given", {"name": "Doe"}),
        ("name.given", {"name": ["Doe"]}),
        ("name.given", {"name": [{"given": 5}]}),
        ("name.family.upper()", {"name": [{"family": 5}]}),
        ("maritalStatus.coding.code", {"maritalStatus": "M"}),
        ("birthDate < today()", {"birthDate": 1980}),
        ("active and true", {"active": "yes"}),
        ("multipleBirth.ofType(integer) + 1", {"multipleBirthInteger": "two"}),
        ("descendants().count()", {"name": "Doe"}),
    ],
)
def test_data_that_is_not_fhir_is_an_error_and_not_empty(expression, patient):
    with pytest.raises(EvaluationError):
        fhirpath(expression).evaluate({"resourceType": "Patient", **patient}, now=NOW)


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(EvaluationError, match="time zone"):
        fhirpath("now()").evaluate(None, now=dt.datetime(2026, 1, 1))  # noqa: DTZ001


def test_equal_moments_of_different_zones_keep_their_own_clock():
    for hours in (0, 5):
        zone = dt.timezone(dt.timedelta(hours=hours))
        assert fhirpath("timeOfDay().toString()").evaluate(None, now=NOW.astimezone(zone)) == [
            f"{10 + hours}:00:00.000"
        ]


def test_one_expression_serves_many_threads():
    expression = fhirpath("%n.where($this > %limit).count()")

    def count(limit):
        return expression.evaluate(None, {"n": list(range(100)), "limit": limit}, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(count, range(100))) == [[99 - limit] for limit in range(100)]


def test_known_types_become_plain_look_ups():
    observation = {"resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-01-01"}
    source = sources(
        "%o.where(status in ('final' | 'amended') and effective.ofType(dateTime) >= today() - 90 days)"
        ".last().value.ofType(Quantity).value < 30",
        None,
        o=[observation],
    )
    assert ".get('effectiveDateTime')" in source
    assert ".get('valueQuantity')" in source
    assert " < 30" in source
    assert "members" not in source
    assert "single_item" not in source


def test_what_is_constant_is_computed_when_compiled():
    assert "add" not in sources("1 + 2 * 3", None)
    assert "union" not in sources("gender in ('male' | 'female')", PATIENT)


def test_what_does_not_depend_on_the_item_is_computed_once():
    source = sources("%o.where(birthDate <= today() - 65 years).count()", None, o=[PATIENT])
    loop = source.index("for ")
    assert source.index("PENDING") < loop < source.index("today")


def test_an_explanation_names_what_passed_each_filter_and_what_was_read_of_it():
    def observation(identifier, value, status="final"):
        return {"resourceType": "Observation", "id": identifier, "status": status, "valueQuantity": {"value": value}}

    expression = fhirpath("%o.where(status = 'final').exists(value.ofType(Quantity).value < 30) and birthDate.exists()")
    observations = [observation("high", 90), observation("draft", 10, "preliminary"), observation("low", 20)]
    result, evidence = expression.explain(PATIENT, {"o": observations}, now=NOW)
    assert result == [True]
    assert {(one.resource, one.path, one.value) for one in evidence} == {
        ("Observation/high", "status", "final"),
        ("Observation/low", "status", "final"),
        ("Observation/low", "valueQuantity.value", 20),
        ("Patient/p", "birthDate", "1980-05-06"),
    }


def mutated(text, random_):
    pieces = ["(", ")", ".", "'", "[", "]", "{}", "$this", "$index", "and", "|", "=", "-", "1", "0.1", "@2024", "'x'"]
    pieces += ["name", ".where(", ".first()", ".repeat($this)", "iif(", "1 'mg'", "`", ",", ".type()", "%context"]
    for _ in range(random_.randint(1, 3)):
        at, to = sorted(random_.randint(0, len(text)) for _ in range(2))
        text = random_.choice([text[:at] + random_.choice(pieces) + text[at:], text[:at] + text[min(to, at + 6) :]])
    return text


SEEDS = [
    "name.given.where($this = 'A').exists() and birthDate < today() - 18 years",
    "name.select(given.first() & ' ' & family).join(', ')",
    "iif(active, name.sort(family desc).first(), {}).given.count() > 1",
    "(1 | 2 | 3).aggregate($this + $total, 0) in (5 | 6)",
    "descendants().ofType(HumanName).given.distinct().count() = 2 'mg' / 1 'mg'",
    "name.defineVariable('n', given).select(%n.count())",
]


def test_mutated_text_gives_only_the_engine_s_own_errors():
    random_ = random.Random(20260302)
    evaluated = 0
    for _ in range(3000):
        text = mutated(random_.choice(SEEDS), random_)
        try:
            fhirpath(text).evaluate(PATIENT, now=NOW, max_steps=50_000)
            evaluated += 1
        except EngineError:
            continue
    assert evaluated > 50


def test_mutated_data_gives_only_the_engine_s_own_errors():
    random_ = random.Random(7)
    junk = [
        None,
        "",
        [],
        {},
        0,
        -1.5,
        True,
        "x",
        ["x"],
        [None],
        {"coding": "x"},
        "2024-13-45",
        10**30,
        {"resourceType": 5},
    ]

    def spoiled(value):
        if random_.random() < 0.15:
            return random_.choice(junk)
        if isinstance(value, dict):
            return {key: spoiled(member) for key, member in value.items()}
        return [spoiled(member) for member in value] if isinstance(value, list) else value

    for _ in range(2000):
        patient = {key: spoiled(value) for key, value in PATIENT.items() if key != "resourceType"}
        try:
            fhirpath(random_.choice(SEEDS)).evaluate({"resourceType": "Patient", **patient}, now=NOW, max_steps=50_000)
        except EngineError:
            continue
