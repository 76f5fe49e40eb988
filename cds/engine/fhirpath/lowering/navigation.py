"""Steps along a path: look-ups in JSON where the type of the owner is known, else searches at run time.

https://hl7.org/fhirpath/#path-selection
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.engine import build, ir
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.lowering.coercion import bare_value, item, listed
from cds.engine.fhirpath.lowering.expr import EMPTY, Expr, Scope, each_of, is_empty, noted
from cds.engine.fhirpath.types import Type
from cds.engine.fhirpath.values.steps import bare_primitives, choice_members, head, members, primitives
from cds.engine.model import r4
from cds.engine.runtime.fhir_values import choice, primitive, sibling

if TYPE_CHECKING:
    from cds.engine.fhirpath.lowering.lower import Lowering

_ABSTRACT = frozenset(("Resource", "DomainResource", "Element", "BackboneElement"))


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice element whose alternative is not decided yet: the next step may say which one is meant."""

    owner: Expr
    members: tuple[tuple[str, str], ...]

    def narrowed(self, type_names: Callable[[str], bool]) -> Choice:
        """Keep the alternatives of some types."""
        return Choice(self.owner, tuple(pair for pair in self.members if type_names(pair[1])))


def member(lowering: Lowering, node: syntax.Member, scope: Scope, value: bool) -> Expr:
    """Lower `source.name`, or a name at the head of a path."""
    found = _step_or_choice(lowering, node, scope, value)
    return decided(lowering, found, value) if isinstance(found, Choice) else found


def undecided(lowering: Lowering, node: syntax.Node, scope: Scope) -> Expr | Choice:
    """Lower a node, but leave a choice element open for the step that follows."""
    if isinstance(node, syntax.Member):
        return _step_or_choice(lowering, node, scope, False)
    return lowering.lower(node, scope)


def decided(lowering: Lowering, open_choice: Choice, value: bool) -> Expr:
    """Settle a choice element: the one alternative left, or whichever is there, carrying its type."""
    if not open_choice.members:
        return EMPTY
    if len(open_choice.members) == 1:
        json_name, type_name = open_choice.members[0]
        found = r4.Element(json_name, (type_name,), is_list=False, is_choice=False)
        return _each(lowering, open_choice.owner, (json_name,), lambda owner: _element(owner, found, value))
    pairs = ir.Const(open_choice.members)
    names = tuple(json_name for json_name, _ in open_choice.members)
    return _each(lowering, open_choice.owner, names, lambda owner: Expr(build.call(choice, owner, pairs), None))


def _step_or_choice(lowering: Lowering, node: syntax.Member, scope: Scope, value: bool) -> Expr | Choice:
    if node.source is None:
        return _head(lowering, node, scope, value)
    source = undecided(lowering, node.source, scope)
    if isinstance(source, Choice):
        having = source.narrowed(lambda type_name: r4.element(type_name, node.name) is not None)
        if not having.members and lowering.strict:
            message = f"no alternative of the choice has an element {node.name}"
            raise lowering.refusal(message, node)
        source = decided(lowering, having if len(having.members) < 2 else source, False)
    return step(lowering, source, node, value)


def _head(lowering: Lowering, node: syntax.Member, scope: Scope, value: bool) -> Expr | Choice:
    """Lower the first name: the type of the focus, which changes nothing, or one of its elements."""
    this, type_ = scope.this, types.named(node.name)
    if this.type is None and not is_empty(this):
        found = build.call(head, listed(this), ir.Const(node.name), ir.Const(type_), foldable=False)
        return Expr(found, None, many=True)
    if type_ is not None and this.type is not None and types.is_subtype(this.type, type_):
        return this
    return step(lowering, this, node, value)


def step(lowering: Lowering, source: Expr, node: syntax.Member, value: bool) -> Expr | Choice:
    """Lower one step from a lowered source."""
    if is_empty(source):
        return EMPTY
    if source.type is None:
        return Expr(build.call(members, listed(source), ir.Const(node.name)), None, many=True)
    found = r4.element(source.type.name, node.name) if source.type.namespace == "FHIR" else None
    if found is None:
        if lowering.strict:
            message = f"{source.type} has no element {node.name}"
            raise lowering.refusal(message, node)
        return EMPTY
    if types.is_primitive(source.type):
        return _each(lowering, source, (node.name,), lambda owner: _of_primitive(owner, source, node.name))
    if found.is_choice:
        return Choice(source, choice_members(source.type.name, node.name))
    return _each(lowering, source, (node.name,), lambda owner: _element(owner, found, value))


def _each(lowering: Lowering, source: Expr, names: tuple[str, ...], take: Callable[[ir.Node], Expr]) -> Expr:
    """Take a step to JSON members (alternatives, if several) from one owner, or from each of many."""
    if not source.many:
        owner = noted(source)
        return replace(take(owner.node), origin=owner.origin and owner.origin.member(*names))
    local, found = lowering.names.fresh("owner"), lowering.names.fresh("found")
    owner, witness = each_of(source, local)
    taken = take(owner.node)
    clauses: tuple[ir.Clause, ...] = (ir.Each(local, source.node, items_never_null=True),)
    if taken.many:
        clauses = (*clauses, ir.Each(found, taken.node, items_never_null=True), *witness)
    else:
        clauses = (*clauses, ir.Bind(found, taken.node), ir.Where(not_null(ir.Local(found))), *witness)
    node = ir.Comprehension(clauses, ir.Collect(ir.Local(found)))
    return Expr(node, taken.type, many=True, bare=taken.bare, origin=owner.origin and owner.origin.member(*names))


def _element(owner: ir.Node, found: r4.Element, value: bool) -> Expr:
    """Read an element of one type from an owner of known type; the owner is used once."""
    name, type_name = found.name, found.types[0]
    type_ = types.fhir(type_name)
    if type_.namespace == "FHIR" and r4.is_primitive(type_name):
        return _primitive(owner, found, type_, value)
    known: Type | None = None if type_.name in _ABSTRACT else type_
    return Expr(build.field(owner, name), known, many=found.is_list)


def _primitive(owner: ir.Node, found: r4.Element, type_: Type, value: bool) -> Expr:
    name = found.name
    if found.is_list:
        if value:
            return Expr(build.call(bare_primitives, owner, ir.Const(name)), type_, many=True, bare=True)
        return Expr(build.call(primitives, owner, ir.Const(name), ir.Const(type_.name)), type_, many=True)
    if value:
        return Expr(build.field(owner, name), type_, bare=True)
    return Expr(build.call(primitive, owner, ir.Const(name), ir.Const(type_.name)), type_)


def _of_primitive(owner: ir.Node, source: Expr, name: str) -> Expr:
    """Read a child of a primitive: its value, its id, its extensions."""
    if name == "value":
        assert source.type is not None
        return Expr(item(bare_value(Expr(owner, source.type, bare=source.bare))), types.system_value(source.type))
    read = build.call(sibling, owner, ir.Const(name))
    return Expr(read, types.fhir("Extension"), many=True) if name == "extension" else Expr(read, types.STRING)


def not_null(node: ir.Node) -> ir.Node:
    """Test that there is a value."""
    return build.negation(build.is_null(node))
