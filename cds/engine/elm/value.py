"""An ELM expression after lowering: its intermediate node, its static type, and what is known of its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.types import Type
from cds.engine.runtime import fhir_values


@dataclass(frozen=True, slots=True)
class Origin:
    """A value read from a resource: `reads` collects the paths read, `path` leads to this value ("": the resource)."""

    reads: ir.Reads
    path: str = ""

    def member(self, name: str) -> Origin:
        """Return the origin of a member, and note that it is read."""
        path = f"{self.path}.{name}" if self.path else name
        self.reads.found.add(path)
        return Origin(self.reads, path)


@dataclass(frozen=True, slots=True)
class Place:
    """A value is member `key` of JSON object `target`, not yet read: `.value` and casts read it directly."""

    target: ir.Node
    key: str


@dataclass(frozen=True, slots=True)
class ChoicePlace:
    """A value is a choice element of `target`: `names` maps the JSON members to their types."""

    target: ir.Node
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Value:
    """A lowered expression.

    How its run-time value looks follows from `type` (see `runtime.fhir_values`): of a concrete FHIR type it is bare
    JSON, of an open type (Any, a choice) an element says its type.
    """

    node: ir.Node
    type: Type = types.ANY
    origin: Origin | None = None
    place: Place | ChoicePlace | None = None


NULL = Value(build.NULL)


def constant(value: object, type_: Type) -> Value:
    """Make the value of a literal."""
    return Value(ir.Const(value), type_)


def convert(value: Value, to: Type) -> Value:
    """Bring a value into the form that another static type asks for; the value itself does not change."""
    if value.type == to or build.is_constant(value.node, None):
        return Value(value.node, to, value.origin)
    if types.is_open(to):
        return Value(_self_describing(value), to, value.origin)
    if isinstance(to, types.ListOf) and isinstance(value.type, types.ListOf):
        return Value(_convert_items(value, to), to, value.origin)
    if types.is_open(value.type) and types.is_element(to):
        return Value(build.call(fhir_values.bare, value.node), to, value.origin)
    return Value(value.node, to, value.origin, value.place)


def _self_describing(value: Value) -> ir.Node:
    if types.is_element(value.type) and isinstance(value.type, types.Named):
        return build.call(fhir_values.element, ir.Const(value.type.name), value.node)
    if isinstance(value.type, types.ListOf) and types.is_element(value.type.element):
        return _convert_items(value, types.ListOf(types.ANY))
    return value.node


def _convert_items(value: Value, to: types.ListOf) -> ir.Node:
    source = types.element_of(value.type)
    if types.is_open(to.element) and types.is_element(source) and isinstance(source, types.Named):
        return build.call(fhir_values.elements, ir.Const(source.name), value.node)
    if types.is_open(source) and types.is_element(to.element):
        return build.call(fhir_values.bare_items, value.node)
    return value.node


def unify(values: list[Value]) -> tuple[list[Value], Type]:
    """Bring values to one common static type, so that they may meet in a list, a branch or a comparison."""
    common = common_type([value.type for value in values if not _is_nothing(value.node)])
    return [convert(value, common) for value in values], common


def _is_nothing(node: ir.Node) -> bool:
    """Whether this is the constant null or the constant empty list: they are of any type."""
    return isinstance(node, ir.Const) and (node.value is None or node.value == [])


def common_type(of: list[Type]) -> Type:
    """Return the type that covers all; Any among FHIR elements makes Any, because bare elements lose their type."""
    known = [t for t in of if t != types.ANY]
    if known and all(isinstance(t, types.ListOf) for t in known):
        return types.ListOf(common_type([types.element_of(t) for t in known]))
    if len(known) < len(of) and any(map(types.is_element, known)):
        return types.ANY
    return types.common(of)
