"""Clinical operators: membership in value sets and code systems.

https://cql.hl7.org/elm.html#clinical-operators
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.operators import operands, operator
from cds.engine.elm.value import Value
from cds.engine.runtime import evaluation, fhir_helpers, subsumption
from cds.engine.trampoline import Deep

operator("ExpandValueSet", evaluation.expand_value_set, types.ListOf(types.CODE), with_run=True)

SUBSUMPTION: dict[str, Callable[..., Any]] = {
    "Subsumes": subsumption.subsumes,
    "SubsumedBy": subsumption.subsumed_by,
}
"""Operators of CQL for which the translator writes a FunctionRef: a function that nobody declares."""

_MEMBERSHIP: dict[str, tuple[Callable[..., Any], str, str]] = {
    "InValueSet": (evaluation.in_value_set, "code", "valueset"),
    "AnyInValueSet": (evaluation.any_in_value_set, "codes", "valueset"),
    "InCodeSystem": (evaluation.in_code_system, "code", "codesystem"),
    "AnyInCodeSystem": (evaluation.any_in_code_system, "codes", "codesystem"),
}


@lowers(*_MEMBERSHIP)
def _membership(lowering: Lowering, node: Any) -> Deep[Value]:
    function, codes_member, vocabulary = _MEMBERSHIP[node["type"]]
    codes: Value = yield lowering.lower(node[codes_member])
    if node.get(f"{vocabulary}Expression") is not None:
        of: Value = yield lowering.lower(node[f"{vocabulary}Expression"])
        reference = of.node
    else:
        named = node.get(vocabulary)
        if named is None:
            message = f"no {vocabulary} is named"
            raise Refused(message)
        terms = lowering.terms.of(named)
        find = terms.value_set if vocabulary == "valueset" else terms.code_system
        reference = ir.Const(find(named["name"]))
    code = codes.node
    if function is evaluation.in_value_set and isinstance(code, ir.Call) and code.function is fhir_helpers.to_concept:
        function, (code,) = fhir_helpers.concept_in_value_set, code.arguments
    test = build.call(function, code, reference, with_run=True, at=lowering.locator)
    return Value(test, types.BOOLEAN)


@lowers(*SUBSUMPTION)
def _subsumption(lowering: Lowering, node: Any) -> Deep[Value]:
    arguments: list[Value] = yield lowering.lower_all(node["operand"])
    return subsumes(lowering, node["type"], arguments)


def subsumes(lowering: Lowering, name: str, arguments: list[Value]) -> Value:
    """Lower Subsumes or SubsumedBy over two codes or concepts."""
    if len(arguments) != 2:
        message = f"{name} takes two codes, not {len(arguments)}"
        raise Refused(message)
    nodes = [argument.node for argument in arguments]
    test = build.call(SUBSUMPTION[name], *nodes, with_run=True, at=lowering.locator)
    return Value(test, types.BOOLEAN)


@lowers("Message")
def _message(lowering: Lowering, node: Any) -> Deep[Value]:
    parts: list[Value] = yield operands(lowering, node, ("source", "condition", "code", "severity", "message"))
    parts += [Value(build.NULL)] * (5 - len(parts))
    if node.get("condition") is None:
        parts[1] = Value(build.TRUE)
    nodes = (part.node for part in parts)
    said = build.call(evaluation.message, *nodes, with_run=True, at=lowering.locator, says=True)
    return Value(said, parts[0].type)
