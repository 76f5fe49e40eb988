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
        raise Refused("a retrieve from another context than the patient is not supported")
    if node.get("codeFilter") or node.get("dateFilter") or node.get("otherFilter"):
        node = _with_single_filters(node)
    codes: Value | None = yield lowering.optional(node.get("codes"))
    path = optional_text(node.get("codeProperty")) or r4.primary_code_path(type_.name)
    requirement: dict[str, Any] = {
        "type": type_.name,
        "template_id": optional_text(node.get("templateId")),
        "locator": lowering.locator,
    }
    if codes is None:
        found = build.call(retrieval.of_type, ir.Const(type_.name), with_run=True, never_null=True)
    else:
        if path is None or r4.element(type_.name, path) is None:
            message = f"FHIR {type_.name} has no element {path} to match codes against"
            raise Refused(message)
        found = _by_codes(lowering, node, type_.name, path, codes, requirement)
    found = yield _by_date(lowering, node, type_.name, found, requirement)
    lowering.retrieves[lowering.unit].append(Retrieve(**requirement))
    return Value(found, ListOf(type_))


def _by_codes(
    lowering: Lowering, node: Any, type_name: str, path: str, codes: Value, requirement: dict[str, Any]
) -> ir.Node:
    comparator = node.get("codeComparator")
    if comparator not in _COMPARATORS:
        message = f"the code comparator {comparator!r} is not one of in, ~ and ="
        raise Refused(message)
    requirement["code_path"] = path
    place = (ir.Const(type_name), ir.Const(path))
    constant = codes.node.value if isinstance(codes.node, ir.Const) else None
    if codes.type == types.VALUE_SET:
        if isinstance(constant, ValueSet):
            requirement["value_set"] = f"{constant.id}|{constant.version}" if constant.version else constant.id
        return build.call(
            retrieval.in_value_set, *place, codes.node, with_run=True, never_null=True, at=lowering.locator
        )
    if isinstance(codes.node, ir.Const):
        listed = tuple(evaluation.codes_of(constant))
        requirement["codes"] = listed
        pairs = ir.Const(frozenset((code.system, code.code) for code in listed))
        return build.call(retrieval.with_codes, *place, pairs, with_run=True, never_null=True, at=lowering.locator)
    return build.call(
        retrieval.with_computed_codes, *place, codes.node, with_run=True, never_null=True, at=lowering.locator
    )


def _by_date(
    lowering: Lowering, node: Any, type_name: str, found: ir.Node, requirement: dict[str, Any]
) -> Deep[ir.Node]:
    wanted: Value | None = yield lowering.optional(node.get("dateRange"))
    if wanted is None:
        return found
    path = optional_text(node.get("dateProperty") or node.get("dateLowProperty"))
    if path is None or r4.element(type_name, path) is None:
        message = f"FHIR {type_name} has no element {path} to match dates against"
        raise Refused(message)
    requirement["date_path"] = path
    if isinstance(wanted.node, ir.Const) and isinstance(wanted.node.value, Interval):
        requirement["date_range"] = wanted.node.value
    paths = ir.Const((type_name, path, node.get("dateHighProperty")))
    return build.call(retrieval.within, found, paths, wanted.node, with_run=True, never_null=True, at=lowering.locator)


def _with_single_filters(node: Any) -> Any:
    """Read the list form of filters, which allows several, where it holds one of each kind."""
    codes, dates = node.get("codeFilter") or [], node.get("dateFilter") or []
    if node.get("otherFilter") or len(codes) > 1 or len(dates) > 1:
        raise Refused("a retrieve with several filters of one kind, or with other filters, is not supported")
    merged = dict(node)
    for only in codes:
        merged.update(codeProperty=only.get("property"), codeComparator=only.get("comparator"), codes=only.get("value"))
    for only in dates:
        merged.update(
            dateProperty=only.get("property"),
            dateLowProperty=only.get("lowProperty"),
            dateHighProperty=only.get("highProperty"),
            dateRange=only.get("value"),
        )
    return merged
