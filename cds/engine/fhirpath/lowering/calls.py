"""Calls: find the function, check how many arguments it got, lower it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.engine.errors import Problem, UnsupportedError
from cds.engine.fhirpath import syntax
from cds.engine.fhirpath.lowering import collections as _collections
from cds.engine.fhirpath.lowering import fhir, iteration, simple, utility
from cds.engine.fhirpath.lowering.expr import Expr, Scope
from cds.engine.fhirpath.lowering.registry import FUNCTIONS, Invocation

if TYPE_CHECKING:
    from cds.engine.fhirpath.lowering.lower import Lowering

_FAMILIES = (_collections, fhir, iteration, simple, utility)  # importing them fills the table
_REFUSED = {
    "elementDefinition": "the definition of an element is not at hand when data is evaluated",
    "slice": "slices need the profile, which is not at hand when data is evaluated",
    "checkModifiers": "modifier extensions are checked by a validator",
    "pathname": "items do not know their path",
    "weight": "the weights of coded answers are not at hand",
}


def call(lowering: Lowering, node: syntax.Call, scope: Scope, value: bool) -> Expr:
    """Lower a call; `UnsupportedError` for a function of FHIRPath that this engine does not have."""
    if node.name in _REFUSED:
        raise UnsupportedError([Problem(lowering.text, str(node.start), f"{node.name}()", _REFUSED[node.name])])
    found = FUNCTIONS.get(node.name)
    if found is None:
        message = f"there is no function {node.name}()"
        raise lowering.refusal(message, node)
    count = len(node.arguments)
    if count < found.fewest or (found.most is not None and count > found.most):
        message = f"{node.name}() takes {_number(found.fewest, found.most)}, not {count}"
        raise lowering.refusal(message, node)
    source = lowering.source_of(node, scope, value=found.value_source)
    return found.lower(Invocation(lowering, node, source, scope, value))


def _number(fewest: int, most: int | None) -> str:
    if most is None:
        return f"at least {fewest} arguments"
    amount = str(fewest) if fewest == most else f"{fewest} to {most}"
    return f"{amount} argument{'' if amount == '1' else 's'}"
