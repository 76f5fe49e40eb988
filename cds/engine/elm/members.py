"""Reading a member of a value: specialised by its static type, dynamic only where that is open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Refused
from cds.engine.elm.types import Choice, IntervalOf, ListOf, Named, TupleOf, Type
from cds.engine.elm.value import ChoicePlace, Origin, Place, Value, convert
from cds.engine.model import r4
from cds.engine.runtime import fhir_members, fhir_values

if TYPE_CHECKING:
    from cds.engine.elm.lowering import Lowering

_ATTRIBUTES: dict[str, dict[str, tuple[str, Type]]] = {
    "System.Quantity": {"value": ("{0}.value", types.DECIMAL), "unit": ("{0}.unit", types.STRING)},
    "System.Ratio": {
        "numerator": ("{0}.numerator", types.QUANTITY),
        "denominator": ("{0}.denominator", types.QUANTITY),
    },
    "System.Code": {name: (f"{{0}}.{name}", types.STRING) for name in ("code", "system", "version", "display")},
    "System.Concept": {"codes": ("[*{0}.codes]", ListOf(types.CODE)), "display": ("{0}.display", types.STRING)},
    "System.ValueSet": {name: (f"{{0}}.{name}", types.STRING) for name in ("id", "version", "name")},
    "System.CodeSystem": {name: (f"{{0}}.{name}", types.STRING) for name in ("id", "version", "name")},
    "System.Vocabulary": {name: (f"{{0}}.{name}", types.STRING) for name in ("id", "version", "name")},
}
_INTERVAL = {"low": "{0}.low", "high": "{0}.high", "lowClosed": "{0}.low_closed", "highClosed": "{0}.high_closed"}


def member(lowering: Lowering, source: Value, name: str) -> Value:
    """Read a member. Raises Refused when the static type has no such member."""
    source = noted(source)
    of = source.type
    if isinstance(of, ListOf):
        return _of_items(lowering, source, of, name)
    if isinstance(of, TupleOf):
        return Value(build.field(source.node, name), of.element(name))
    if isinstance(of, IntervalOf):
        return _of_interval(source, of, name)
    if types.is_open(of):
        return _of_open(source, name)
    if isinstance(of, Named) and of.is_system:
        return _of_system(source, of, name)
    if isinstance(of, Named) and of.name in ("Resource", "DomainResource") and r4.element(of.name, name) is None:
        return _of_open(source, name)
    if isinstance(of, Named):
        return _of_fhir(source, of.name, name)
    message = f"a {of} has no member {name}"
    raise Refused(message)


def noted(source: Value) -> Value:
    """Start the origin of a resource that comes from anywhere but a query: it is evidence for what is read from it."""
    if source.origin is not None or not types.is_resource(source.type):
        return source
    reads = ir.Reads()
    return replace(source, node=ir.Noted(source.node, reads), origin=Origin(reads))


def member_type(of: Type, name: str) -> Type | None:
    """Return the static type of a member of a FHIR type; None when there is none."""
    if not isinstance(of, Named) or of.is_system:
        return types.ANY
    if types.is_primitive(of) and name == "value":
        return Named(f"System.{r4.system_type(of.name)}")
    found = r4.element(of.name, name)
    if found is None:
        return None
    alternatives = types.choice(Named(t) for t in found.types)
    return ListOf(alternatives) if found.is_list else alternatives


def _of_items(lowering: Lowering, source: Value, of: ListOf, name: str) -> Value:
    item = lowering.names.fresh("item")
    reads = source.origin
    if reads is None and types.is_resource(of.element):
        reads = Origin(ir.Reads())
    inner = member(lowering, Value(ir.Local(item), of.element, reads), name)
    clauses: list[ir.Clause] = [ir.Each(item, source.node)]
    each = inner.node
    if isinstance(inner.type, ListOf):
        part = lowering.names.fresh(name)
        clauses.append(ir.Each(part, each))
        each = ir.Local(part)
    elif not build.never_null(each):
        part = lowering.names.fresh(name)
        clauses += [ir.Bind(part, each), ir.Where(build.negation(build.is_null(ir.Local(part))))]
        each = ir.Local(part)
    if source.origin is None and reads is not None:
        clauses.append(ir.Witness(item, reads.reads))
    element = inner.type.element if isinstance(inner.type, ListOf) else inner.type
    return Value(ir.Comprehension(tuple(clauses), ir.Collect(each)), ListOf(element), inner.origin)


def _of_interval(source: Value, of: IntervalOf, name: str) -> Value:
    if name not in _INTERVAL:
        message = f"an interval has no member {name}"
        raise Refused(message)
    return Value(build.native(_INTERVAL[name], source.node), of.point if name in ("low", "high") else types.BOOLEAN)


def _of_system(source: Value, of: Named, name: str) -> Value:
    attributes = _ATTRIBUTES.get(of.name, {})
    if name not in attributes:
        message = f"a {of} has no member {name}"
        raise Refused(message)
    template, type_ = attributes[name]
    return Value(build.native(template, source.node), type_)


def _of_open(source: Value, name: str) -> Value:
    node = build.call(fhir_members.member, source.node, ir.Const(name), with_run=True)
    alternatives = source.type.choices if isinstance(source.type, Choice) else ()
    found = [t for t in (member_type(alternative, name) for alternative in alternatives) if t is not None]
    if alternatives and not found:
        message = f"none of {source.type} has a member {name}"
        raise Refused(message)
    result = types.choice(found)
    if types.is_open(result):
        return Value(node, result, source.origin and source.origin.member(name))
    start = ListOf(types.ANY) if isinstance(result, ListOf) else types.ANY
    return convert(Value(node, start, source.origin and source.origin.member(name)), result)


def _of_fhir(source: Value, type_name: str, name: str) -> Value:
    if r4.is_primitive(type_name) and name in ("value", "id", "extension"):
        return _of_primitive(source, name)
    found = r4.element(type_name, name)
    if found is None:
        message = f"FHIR {type_name} has no element {name}"
        raise Refused(message)
    target = source.node
    if found.is_choice:
        names = {json: of for of, json in r4.choice_names(type_name, name).items()}
        read = build.call(fhir_values.choice, target, ir.Const(tuple(names.items())))
        origin = source.origin and Origin(source.origin.reads, f"{source.origin.path}.{name}".lstrip("."))
        return Value(read, types.choice(map(Named, found.types)), origin, ChoicePlace(target, names))
    of = Named(found.types[0])
    origin = source.origin and source.origin.member(name)
    if types.is_primitive(of):
        reader = fhir_values.primitives if found.is_list else fhir_values.primitive
        read = build.call(reader, target, ir.Const(name), ir.Const(of.name))
        if found.is_list:
            return Value(read, ListOf(of), origin)
        return Value(read, of, origin, Place(target, name))
    return Value(build.field(target, name), ListOf(of) if found.is_list else of, origin)


def _of_primitive(source: Value, name: str) -> Value:
    place = source.place
    if name == "value":
        return system_value(source)
    type_ = ListOf(Named("Extension")) if name == "extension" else types.STRING
    if isinstance(place, Place):
        return Value(build.field(build.field(place.target, f"_{place.key}"), name), type_)
    return Value(build.call(fhir_values.sibling, source.node, ir.Const(name)), type_)


def system_value(source: Value) -> Value:
    """Return the System value of a FHIR primitive of known type."""
    if not isinstance(source.type, Named):
        message = f"a {source.type} is no FHIR primitive"
        raise Refused(message)
    system_type = r4.system_type(source.type.name) or "String"
    node = source.node
    if isinstance(source.place, Place):
        node = build.field(source.place.target, source.place.key)
    reader = fhir_values.VALUE_READERS[system_type]
    read = build.call(reader, node, with_run=reader is fhir_values.date_time_value)
    return Value(read, Named(f"System.{system_type}"), source.origin)


def alternative(source: Value, place: ChoicePlace, names: list[str]) -> Value:
    """Read the alternatives of a choice element that have one of these JSON names."""
    target = place.target
    if len(names) > 1:
        left = {json: place.names[json] for json in names}
        read = build.call(fhir_values.choice, target, ir.Const(tuple(left.items())))
        return Value(read, types.choice(map(Named, left.values())), source.origin, ChoicePlace(target, left))
    json = names[0]
    of = Named(place.names[json])
    origin = source.origin
    if origin is not None:
        parent = origin.path.rpartition(".")[0]
        origin = Origin(origin.reads, parent).member(json)
    if types.is_primitive(of):
        return Value(
            build.call(fhir_values.primitive, target, ir.Const(json), ir.Const(of.name)),
            of,
            origin,
            Place(target, json),
        )
    return Value(build.field(target, json), of, origin)
