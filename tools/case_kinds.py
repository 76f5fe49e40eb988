"""What a case shows beyond its answer, told from its data and its name, so that a kind without a case is seen.

A case belongs to as many kinds as it shows: a limit approached from both sides, data that are missing, something that
is done or ordered already, a code of another system, another unit.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Any

from cds.tester.cases import Case

KINDS = ("boundary pair", "data missing", "already done", "other code", "other unit")
_MISSING = re.compile(
    r"\b(unknown|missing|undated|unreadable|without|not (read|readable|stated|documented|recorded|known|coded)|"
    r"(cannot|could not) be (read|computed|judged|told)|as text only|leaves? it open|nothing|no [\w-]+( [\w-]+)* "
    r"(on record|known|stated|recorded|documented|at all)|no T-score|no end|no history|not structured|as needed)\b",
    re.IGNORECASE,
)
_ALREADY = re.compile(
    r"\b(already|ordered|among the drafts|in the draft|requested|booked|asked for|given|done|running|runs|treated|"
    r"declined|stopped|on record|completed|under way|assessed|referral|referred|transplanted|in the same (call|order)|"
    r"tried|planned|exemption|continuation|dispensed|another drug)\b",
    re.IGNORECASE,
)
_QUANTITIES = {("valueQuantity", "unit"), ("doseQuantity", "unit"), ("dose", "unit"), ("numerator", "unit")}
_NEAR_DAYS = 3
_NEAR_PART = Decimal("0.1")
Leaf = tuple[str, ...]


def kinds(cases: Sequence[Case]) -> dict[str, Counter[str]]:
    """Count the cases of each kind, by recommendation."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    usual_systems, usual_units = _usual(cases, _systems), _usual(cases, _units)
    by_recommendation: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_recommendation[case.recommendation].append(case)
    for recommendation, own in by_recommendation.items():
        count = found[recommendation]
        count["boundary pair"] = sum(_is_pair(one, other) for one, other in combinations(own, 2))
        for case in own:
            count["data missing"] += _MISSING.search(case.name) is not None
            count["already done"] += _ALREADY.search(case.name) is not None
            count["other code"] += any(where[-1] != usual_systems[where[:-1]] for where in _systems(case))
            count["other unit"] += any(where[-1] != usual_units[where[:-1]] for where in _units(case))
    return found


def _is_pair(one: Case, other: Case) -> bool:
    """Tell whether two cases differ in one number or date, by little, and in the cards of the recommendation."""
    if one.hook != other.hook or _fired(one) == _fired(other):
        return False
    mine, others = _leaves(one), _leaves(other)
    changed = [path for path in mine.keys() | others.keys() if mine.get(path) != others.get(path)]
    values = {(mine.get(path), others.get(path)) for path in changed}
    return len(values) == 1 and _is_near(*next(iter(values)))


def _fired(case: Case) -> frozenset[str]:
    expect = case.expect
    named = (
        *expect.get("fires", ()),
        *expect.get("fires_only", ()),
        *(one["action"] for one in expect.get("cards", ())),
    )
    return frozenset(action for action in named if action.partition(".")[0] == case.recommendation)


def _is_near(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    try:
        days = abs((date.fromisoformat(str(one)[:10]) - date.fromisoformat(str(other)[:10])).days)
    except ValueError:
        try:
            first, second = Decimal(str(one)), Decimal(str(other))
        except InvalidOperation:
            return False
        return abs(first - second) <= max(1, _NEAR_PART * max(abs(first), abs(second)))
    return days <= _NEAR_DAYS


def _leaves(case: Case) -> dict[Leaf, Any]:
    found: dict[Leaf, Any] = {("now",): case.now.isoformat()}
    for number, resource in enumerate((*case.resources, *case.draft_orders)):
        found.update(_leaves_of(resource, (str(number),)))
    return found


def _leaves_of(value: Any, path: Leaf) -> Iterator[tuple[Leaf, Any]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if name not in ("id", "text"):
                yield from _leaves_of(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves_of(item, (*path, str(index)))
    else:
        yield path, value


def _systems(case: Case) -> Iterator[Leaf]:
    """Yield (resource type, code system) of what each resource is about."""
    for resource in (*case.resources, *case.draft_orders):
        for coding in _codings(resource):
            yield str(resource["resourceType"]), str(coding.get("system", ""))


def _units(case: Case) -> Iterator[Leaf]:
    """Yield (what is measured or ordered, element, unit) of every quantity."""
    for resource in (*case.resources, *case.draft_orders):
        about = next((str(coding.get("code")) for coding in _codings(resource)), str(resource["resourceType"]))
        for path, value in _leaves_of(resource, ()):
            if path[-2:] in _QUANTITIES and isinstance(value, str):
                yield about, path[-2], value


def _codings(resource: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    concept = resource.get("code") or resource.get("medicationCodeableConcept")
    return concept.get("coding", ()) if isinstance(concept, Mapping) else ()


def _usual(cases: Sequence[Case], places: Any) -> dict[Leaf, str]:
    """Return the most common last part by the parts before it."""
    count: dict[Leaf, Counter[str]] = defaultdict(Counter)
    for case in cases:
        for place in set(places(case)):
            count[place[:-1]][place[-1]] += 1
    return {key: counted.most_common(1)[0][0] for key, counted in count.items()}
