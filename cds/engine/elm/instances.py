"""Instance selectors: System types and FHIR elements made by the library.

https://cql.hl7.org/elm.html#instance
"""

from __future__ import annotations

from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.types import Named
from cds.engine.elm.value import Value
from cds.engine.model import r4
from cds.engine.runtime import instances
from cds.engine.trampoline import Deep

_SYSTEM: dict[str, tuple[Any, tuple[str, ...]]] = {
    "System.Quantity": (instances.quantity, ("value", "unit")),
    "System.Ratio": (instances.ratio, ("numerator", "denominator")),
    "System.Code": (instances.code, ("code", "system", "version", "display")),
    "System.Concept": (instances.concept, ("codes", "display")),
    "System.ValueSet": (instances.value_set, ("id", "version", "name")),
    "System.CodeSystem": (instances.code_system, ("id", "version", "name")),
}


@lowers("Instance")
def _instance(lowering: Lowering, node: Any) -> Deep[Value]:
    type_ = types.named(node["classType"])
    members: dict[str, Value] = {}
    for element in node.get("element", []):
        members[element["name"]] = yield lowering.lower(element["value"])
    if type_.name in _SYSTEM:
        make, names = _SYSTEM[type_.name]
        if not members.keys() <= set(names):
            message = f"{type_} has no {', '.join(sorted(members.keys() - set(names)))}"
            raise Refused(message)
        parts = [members[name].node if name in members else build.NULL for name in names]
        return Value(build.call(make, *parts, at=lowering.locator), type_)
    if type_.name not in r4.types():
        message = f"{type_} is no type of FHIR 4.0.1"
        raise Refused(message)
    if types.is_primitive(type_):
        content = members.get("value", Value(build.NULL))
        return Value(build.call(instances.json_value, content.node), type_)
    keys, parts = [], []
    for name, value in members.items():
        keys.append(_json_name(type_.name, name, value.type))
        parts.append(value.node)
    if types.is_resource(type_):
        keys.append("resourceType")
        parts.append(ir.Const(type_.name))
    return Value(build.call(instances.json_object, ir.Const(tuple(keys)), *parts), type_)


def _json_name(type_name: str, name: str, of: types.Type) -> str:
    found = r4.element(type_name, name)
    if found is None:
        message = f"FHIR {type_name} has no element {name}"
        raise Refused(message)
    if not found.is_choice:
        return name
    names = r4.choice_names(type_name, name)
    if types.is_open(of):
        return f"{name}[x]"
    if isinstance(of, Named) and of.name in names:
        return names[of.name]
    message = f"{type_name}.{name} does not take a {of}"
    raise Refused(message)
