"""Retrieves: resources of a type, filtered by codes and dates through the index.

https://cql.hl7.org/elm.html#retrieve
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.terminology import optional_text
from cds.engine.elm.types import ListOf
from cds.engine.elm.value import Value
from cds.engine.model import r4
from cds.engine.requirements import Retrieve
from cds.engine.runtime import evaluation, retrieval
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import ValueSet
from cds.engine.trampoline import Deep

_COMPARATORS = (None, "in", "~", "=")


def code_member(node: Mapping[str, Any]) -> str | None:
    """Return the JSON member a retrieve matches its codes against, as far as one step says it."""
    if node.get("type") != "Retrieve" or node.get("codes") is None:
        return None
    type_name = types.named(node["dataType"]).name
    path = node.get("codeProperty") or r4.primary_code_path(type_name)
    return r4.choice_names(type_name, path).get("CodeableConcept", path) if path else None


@lowers("Retrieve")
def _retrieve(lowering: Lowering, node: Any) -> Deep[Value]:
    type_ = types.named(node["dataType"])
    if not types.is_resource(type_):
        message = f"{type_} is no resource type of FHIR 4.0.1"
        raise Refused(message)
    if node.get("context") is not None:
        raise Refused("a retrieve in the context of somebody else is not supported: a session has one patient's data")
    if node.get("otherFilter"):
        raise Refused("a retrieve with other filters than on codes and dates is not supported")
    requirement: dict[str, Any] = {
        "type": type_.name,
        "template_id": optional_text(node.get("templateId")),
        "locator": lowering.locator,
    }
    found: ir.Node | None = None
    for filter_ in _code_filters(node):
        codes: Value = yield lowering.lower(filter_["value"])
        place = optional_text(filter_.get("property")) or r4.primary_code_path(type_.name)
        if place is None or r4.element(type_.name, place) is None:
            message = f"FHIR {type_.name} has no element {place} to match codes against"
            raise Refused(message)
        those = _by_codes(lowering, filter_.get("comparator"), type_.name, place, codes, requirement)
        found = those if found is None else build.call(retrieval.that_are_in, found, those, never_null=True)
    if found is None:
        found = build.call(retrieval.of_type, ir.Const(type_.name), with_run=True, never_null=True)
    for filter_ in _date_filters(node):
        found = yield _by_date(lowering, filter_, type_.name, found, requirement)
    lowering.retrieves[lowering.unit] += [Retrieve(**requirement), *_included(lowering, node)]
    return Value(found, ListOf(type_))


def _code_filters(node: Any) -> list[Any]:
    """Give the filters on codes: the one in the retrieve's own members, and those of the list; all have to hold."""
    own = {"property": node.get("codeProperty"), "comparator": node.get("codeComparator"), "value": node.get("codes")}
    return [one for one in (own, *(node.get("codeFilter") or ())) if one.get("value") is not None]


def _date_filters(node: Any) -> list[Any]:
    """Give the filters on dates, as `_code_filters`."""
    own = {
        "property": node.get("dateProperty"),
        "lowProperty": node.get("dateLowProperty"),
        "highProperty": node.get("dateHighProperty"),
        "value": node.get("dateRange"),
    }
    return [one for one in (own, *(node.get("dateFilter") or ())) if one.get("value") is not None]


def _included(lowering: Lowering, node: Any) -> list[Retrieve]:
    """Give what a retrieve wants at hand beside its result: it filters nothing, but the data have to be fetched."""
    found = []
    for include in node.get("include") or ():
        type_ = types.named(include["relatedDataType"])
        if not types.is_resource(type_):
            message = f"{type_}, which is to be included, is no resource type of FHIR 4.0.1"
            raise Refused(message)
        found.append(Retrieve(type=type_.name, locator=lowering.locator))
    return found


def _by_codes(
    lowering: Lowering, comparator: Any, type_name: str, path: str, codes: Value, requirement: dict[str, Any]
) -> ir.Node:
    """Filter by codes; the first filter is also the data requirement, which may be wider than what is retrieved."""
    if comparator not in _COMPARATORS:
        message = f"the code comparator {comparator!r} is not one of in, ~ and ="
        raise Refused(message)
    wanted = requirement if "code_path" not in requirement else {}
    wanted["code_path"] = path
    place = (ir.Const(type_name), ir.Const(path))
    constant = codes.node.value if isinstance(codes.node, ir.Const) else None
    if codes.type == types.VALUE_SET:
        if isinstance(constant, ValueSet):
            wanted["value_set"] = f"{constant.id}|{constant.version}" if constant.version else constant.id
        return build.call(
            retrieval.in_value_set, *place, codes.node, with_run=True, never_null=True, at=lowering.locator
        )
    if isinstance(codes.node, ir.Const):
        listed = tuple(evaluation.codes_of(constant))
        wanted["codes"] = listed
        pairs = ir.Const(frozenset((code.system, code.code) for code in listed))
        return build.call(retrieval.with_codes, *place, pairs, with_run=True, never_null=True, at=lowering.locator)
    return build.call(
        retrieval.with_computed_codes, *place, codes.node, with_run=True, never_null=True, at=lowering.locator
    )


def _by_date(
    lowering: Lowering, filter_: Any, type_name: str, found: ir.Node, requirement: dict[str, Any]
) -> Deep[ir.Node]:
    """Filter by dates; the first filter is also the data requirement."""
    wanted: Value = yield lowering.lower(filter_["value"])
    path = optional_text(filter_.get("property") or filter_.get("lowProperty"))
    if path is None or r4.element(type_name, path) is None:
        message = f"FHIR {type_name} has no element {path} to match dates against"
        raise Refused(message)
    if "date_path" not in requirement:
        requirement["date_path"] = path
        if isinstance(wanted.node, ir.Const) and isinstance(wanted.node.value, Interval):
            requirement["date_range"] = wanted.node.value
    paths = ir.Const((type_name, path, filter_.get("highProperty")))
    return build.call(retrieval.within, found, paths, wanted.node, with_run=True, never_null=True, at=lowering.locator)
