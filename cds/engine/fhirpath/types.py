"""Static types: what is known about a value before it is evaluated, and the names authors use for types.

A type is a namespace and a name. None in place of a type means: known only when the value is there, because the value
carries it (see `elements`). https://hl7.org/fhirpath/#types-and-reflection
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from cds.engine.model import r4


class Type(NamedTuple):
    """`System.String` or `FHIR.HumanName`; FHIR names are those of the model tables ("Patient.Contact")."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"


BOOLEAN, STRING, INTEGER, LONG = (Type("System", name) for name in ("Boolean", "String", "Integer", "Long"))
DECIMAL, QUANTITY = Type("System", "Decimal"), Type("System", "Quantity")
DATE, DATETIME, TIME = (Type("System", name) for name in ("Date", "DateTime", "Time"))
ANY = Type("System", "Any")
SYSTEM_TYPES = {
    type_.name: type_ for type_ in (BOOLEAN, STRING, INTEGER, LONG, DECIMAL, QUANTITY, DATE, DATETIME, TIME, ANY)
}


@cache
def fhir(name: str) -> Type:
    """The type of the model table with this name; its System types come as such ("System.String")."""
    if name.startswith("System."):
        return SYSTEM_TYPES[name.removeprefix("System.")]
    return Type("FHIR", r4.fhir_type(name))


@cache
def named(name: str) -> Type | None:
    """The type an author means: qualified, or else FHIR's before System's; None if there is none of this name.

    https://hl7.org/fhirpath/#models: an unqualified name is looked up in the context's model first. `System.Patient`
    names a type that nothing has.
    """
    namespace, _, rest = name.rpartition(".")
    if namespace in ("", "FHIR") and (rest in r4.types() and not r4.is_enumeration(rest)):
        return Type("FHIR", rest)
    if namespace in ("", "System") and rest in SYSTEM_TYPES:
        return SYSTEM_TYPES[rest]
    return Type("System", rest) if namespace == "System" else None


def is_subtype(type_: Type, of: Type) -> bool:
    """Whether the first type is the second or specialises it; a quantity of the expression counts as FHIR's, too."""
    if type_ == of or of == ANY or (type_ == QUANTITY and of.name == "Quantity"):
        return True
    return type_.namespace == of.namespace == "FHIR" and r4.is_subtype(type_.name, of.name)


def system_value(type_: Type) -> Type | None:
    """The System type that values of this type become where an operator asks for a value; None if there is none.

    https://hl7.org/fhir/R4/fhirpath.html#types: primitives become their System type, Quantity becomes System.Quantity.
    """
    if type_.namespace == "System":
        return type_
    name = r4.system_type(type_.name)
    if name is not None:
        return SYSTEM_TYPES[name]
    return QUANTITY if is_quantity(type_) else None


def is_quantity(type_: Type) -> bool:
    """Whether this is FHIR's Quantity or one of its kinds (Age, Duration …)."""
    return type_.namespace == "FHIR" and r4.is_subtype(type_.name, "Quantity")


def is_primitive(type_: Type) -> bool:
    """Whether this is a FHIR primitive."""
    return type_.namespace == "FHIR" and r4.is_primitive(type_.name)


def is_resource(type_: Type) -> bool:
    """Whether this is a FHIR resource type, abstract ones included: its values name their own type."""
    return type_.namespace == "FHIR" and r4.is_subtype(type_.name, "Resource")


@cache
def reported_name(type_: Type) -> str:
    """The name `type()` gives: nested elements of a type have no name of their own in FHIR."""
    if type_.namespace == "FHIR" and "." in type_.name:
        return "BackboneElement" if r4.is_subtype(type_.name, "BackboneElement") else "Element"
    return type_.name
