"""Retrieves at run time: through the index of the run, and by date. Each function takes the run first."""

from __future__ import annotations

from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.resource_index import ResourceIndex
from cds.engine.run import Run
from cds.engine.runtime import evaluation, fhir_helpers, fhir_members, membership
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import ValueSet


def of_type(run: Run, type_name: str) -> list[Any]:
    """Return all resources of a type."""
    index: ResourceIndex = run.resources
    return index.of_type(type_name)


def with_codes(run: Run, type_name: str, path: str, codes: frozenset[tuple[str | None, str]]) -> list[Any]:
    """Return the resources that have one of the (system, code) pairs at a path."""
    index: ResourceIndex = run.resources
    return index.with_codes(type_name, path, codes)


def with_computed_codes(run: Run, type_name: str, path: str, codes: Any) -> list[Any]:
    """Return the resources that match a Code, a Concept, a list of them or a value set computed at run time."""
    if isinstance(codes, ValueSet):
        return in_value_set(run, type_name, path, codes)
    pairs = frozenset((code.system, code.code) for code in evaluation.codes_of(codes))
    return with_codes(run, type_name, path, pairs)


def in_value_set(run: Run, type_name: str, path: str, value_set: ValueSet | None) -> list[Any]:
    """Return the resources with a code of the value set at a path.

    Raises EvaluationError when the value set is not known: nobody may take that for "none found".
    """
    if value_set is None:
        return []
    index: ResourceIndex = run.resources
    found = index.retrieved.get((type_name, path, value_set.id, value_set.version))
    return _sought(run, index, type_name, path, value_set) if found is None else found


def _sought(run: Run, index: ResourceIndex, type_name: str, path: str, value_set: ValueSet) -> list[Any]:
    key = value_set.id, value_set.version
    if run.listed is not None and key in run.listed.members:
        return index.in_value_set(type_name, path, key, run.listed)
    members = evaluation.terminology(run).codes(*key)
    if members is None:
        message = f"the value set {value_set.id} is not known here"
        raise EvaluationError(message)
    return index.in_value_set(type_name, path, key, members)


def that_are_in(resources: list[Any], others: list[Any]) -> list[Any]:
    """Return the resources that are among the others too, in their order."""
    wanted = {id(other) for other in others}
    return [resource for resource in resources if id(resource) in wanted]


def within(run: Run, resources: list[Any], paths: tuple[str, str, str | None], wanted: Interval | None) -> list[Any]:
    """Return the resources whose date, or whose period as a whole, lies in the interval."""
    if wanted is None:
        return []
    run.charge(len(resources))
    type_name, low_path, high_path = paths
    found = []
    for resource in resources:
        value = _date(run, resource, type_name, low_path)
        if high_path is not None:
            value = Interval(value, _date(run, resource, type_name, high_path))
        if value is not None and membership.includes(wanted, value) is True:
            found.append(resource)
    return found


def _date(run: Run, resource: Any, type_name: str, path: str) -> Any:
    value: Any = resource
    for step in path.split("."):
        value = (
            fhir_members.typed(value, type_name, step) if value is resource else fhir_members.member(run, value, step)
        )
    return fhir_helpers.to_value(run, value) if isinstance(value, Element) else value
