"""`is`, `as` and `ofType`, as operators and as functions.

A primitive is taken only as exactly its own type (`gender.as(string)` is empty although a code is a string), as HL7's
suite has it; `is` follows the hierarchy. https://hl7.org/fhirpath/#types
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cds.engine import build, ir
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.lowering.coercion import one
from cds.engine.fhirpath.lowering.expr import EMPTY, Expr, Scope, boolean, is_empty
from cds.engine.fhirpath.lowering.navigation import Choice, decided, undecided
from cds.engine.fhirpath.types import Type
from cds.engine.fhirpath.values.elements import is_a, type_of, value_of, values_of
from cds.engine.model import r4

if TYPE_CHECKING:
    from cds.engine.fhirpath.lowering.lower import Lowering


def type_operation(lowering: Lowering, node: syntax.TypeOperation, scope: Scope, value: bool) -> Expr:
    """Lower a type operation; a choice element asked for one of its types becomes that element."""
    target = types.named(node.type_name)
    if target is None:
        message = f"there is no type {node.type_name}"
        raise lowering.refusal(message, node)
    source = undecided(lowering, node.operand, scope)
    if isinstance(source, Choice):
        if node.operator != "is":
            source = source.narrowed(lambda name: _is_taken_as(types.fhir(name), target))
        source = decided(lowering, source, value)
    at = str(node.start)
    if node.operator == "ofType":
        return _of_type(source, target)
    source = one(source, at)
    if node.operator == "as":
        return _of_type(source, target)
    if source.type is None:
        return EMPTY if is_empty(source) else boolean(build.call(is_type, source.node, ir.Const(target)))
    answer = types.is_subtype(source.type, target)
    return boolean(build.native(str(answer), source.node))


def _of_type(source: Expr, target: Type) -> Expr:
    if is_empty(source):
        return source
    if source.type is not None:
        return source if _is_taken_as(source.type, target) else Expr(EMPTY.node, target)
    abstract = target == types.ANY or (target.namespace == "FHIR" and r4.is_subtype("Patient", target.name))
    known = None if abstract and target.name != "Patient" else target
    unwrap = known is not None and known.namespace == "FHIR" and not types.is_primitive(known)
    function = items_of_type if source.many else item_of_type
    return Expr(build.call(function, source.node, ir.Const(target), ir.Const(unwrap)), known, many=source.many)


def _is_taken_as(type_: Type, target: Type) -> bool:
    return type_ == target or (types.is_subtype(type_, target) and not types.is_primitive(type_))


def is_type(item: Any, target: Type) -> bool | None:
    """Decide `is` for an item that carries its type."""
    return None if item is None else is_a(item, target)


def item_of_type(item: Any, target: Type, unwrap: bool) -> Any:
    """Give the item if it is of the type; `unwrap` leaves only its JSON."""
    if item is None or not _is_taken_as(type_of(item), target):
        return None
    return value_of(item) if unwrap else item


def items_of_type(items: list[Any] | None, target: Type, unwrap: bool) -> list[Any]:
    """Give the items of the type."""
    found = [item for item in items or () if _is_taken_as(type_of(item), target)]
    return values_of(found) if unwrap else found
