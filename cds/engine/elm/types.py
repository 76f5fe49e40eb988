"""Static types of ELM expressions.

Named types are written as the model table writes them: "System.Integer", "Observation", "Observation.Component".
https://cql.hl7.org/elm.html#typespecifier
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cds.engine.model import r4

SYSTEM_URI = "urn:hl7-org:elm-types:r1"
FHIR_URI = "http://hl7.org/fhir"


class Type:
    """Any static type."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Named(Type):
    """A System type ("System.Integer") or a FHIR type ("Observation")."""

    name: str

    @property
    def is_system(self) -> bool:
        """Whether this is one of CQL's own types."""
        return self.name.startswith("System.")

    def __str__(self) -> str:
        return self.name if self.is_system else f"FHIR.{self.name}"


@dataclass(frozen=True, slots=True)
class ListOf(Type):
    """A list."""

    element: Type

    def __str__(self) -> str:
        return f"List<{self.element}>"


@dataclass(frozen=True, slots=True)
class IntervalOf(Type):
    """An interval."""

    point: Type

    def __str__(self) -> str:
        return f"Interval<{self.point}>"


@dataclass(frozen=True, slots=True)
class TupleOf(Type):
    """A tuple with its elements in order."""

    elements: tuple[tuple[str, Type], ...]

    def element(self, name: str) -> Type:
        """Return the type of an element; Any when the tuple has no such element."""
        return dict(self.elements).get(name, ANY)

    def __str__(self) -> str:
        return "Tuple{" + ", ".join(f"{name} {of}" for name, of in self.elements) + "}"


@dataclass(frozen=True, slots=True)
class Choice(Type):
    """One of several types, known only at run time."""

    choices: tuple[Type, ...]

    def __str__(self) -> str:
        return "Choice<" + ", ".join(map(str, self.choices)) + ">"


ANY = Named("System.Any")
BOOLEAN = Named("System.Boolean")
INTEGER = Named("System.Integer")
LONG = Named("System.Long")
DECIMAL = Named("System.Decimal")
STRING = Named("System.String")
DATE = Named("System.Date")
DATETIME = Named("System.DateTime")
TIME = Named("System.Time")
QUANTITY = Named("System.Quantity")
RATIO = Named("System.Ratio")
CODE = Named("System.Code")
CONCEPT = Named("System.Concept")
VALUE_SET = Named("System.ValueSet")
CODE_SYSTEM = Named("System.CodeSystem")


def named(qualified: str) -> Named:
    """Read "{http://hl7.org/fhir}Observation" or "{urn:hl7-org:elm-types:r1}Integer"."""
    uri, brace, name = qualified.rpartition("}")
    if brace and uri == "{" + SYSTEM_URI:
        return Named(f"System.{name}")
    return Named(name)


def from_specifier(specifier: Mapping[str, Any] | None) -> Type:
    """Read an ELM type specifier; a missing one is Any."""
    if not specifier:
        return ANY
    match specifier.get("type"):
        case "NamedTypeSpecifier":
            return named(specifier["name"])
        case "ListTypeSpecifier":
            return ListOf(from_specifier(specifier.get("elementType")))
        case "IntervalTypeSpecifier":
            return IntervalOf(from_specifier(specifier.get("pointType")))
        case "TupleTypeSpecifier":
            elements = specifier.get("element", [])
            return TupleOf(tuple((e["name"], from_specifier(e.get("elementType") or e.get("type"))) for e in elements))
        case "ChoiceTypeSpecifier":
            return choice(from_specifier(c) for c in specifier.get("choice") or specifier.get("type", []))
        case _:
            return ANY


def attribute(node: Mapping[str, Any], name: str) -> Type | None:
    """Read a type given as `asTypeSpecifier` or `asType` (for name "asType")."""
    if f"{name}Specifier" in node:
        return from_specifier(node[f"{name}Specifier"])
    return named(node[name]) if name in node else None


def declared(node: Mapping[str, Any]) -> Type | None:
    """Return the result type the translator wrote on a node, if it did."""
    if "resultTypeSpecifier" in node:
        return from_specifier(node["resultTypeSpecifier"])
    return named(node["resultTypeName"]) if "resultTypeName" in node else None


def choice(types: Iterable[Type]) -> Type:
    """Make the choice of types: nested choices are merged; one alternative is itself; any Any makes Any."""
    flat: dict[Type, None] = {}
    for alternative in types:
        for part in alternative.choices if isinstance(alternative, Choice) else (alternative,):
            flat[part] = None
    if not flat or ANY in flat:
        return ANY
    return next(iter(flat)) if len(flat) == 1 else Choice(tuple(flat))


def common(types: Iterable[Type]) -> Type:
    """Return the type that covers all: Any (as of the literal null) gives way to what is known."""
    known = [t for t in types if t != ANY]
    return choice(known) if known else ANY


def element_of(type_: Type) -> Type:
    """Return the element type of a list type; Any when it is not known to be a list."""
    return type_.element if isinstance(type_, ListOf) else ANY


def point_of(type_: Type) -> Type:
    """Return the point type of an interval type."""
    return type_.point if isinstance(type_, IntervalOf) else ANY


def is_resource(type_: Type) -> bool:
    """Whether values of the type are FHIR resources, which say themselves what they are."""
    return isinstance(type_, Named) and not type_.is_system and r4.is_subtype(type_.name, "Resource")


def is_element(type_: Type) -> bool:
    """Whether this is a concrete FHIR data type or backbone element: its JSON does not say what it is."""
    return (
        isinstance(type_, Named)
        and not type_.is_system
        and not r4.is_subtype(type_.name, "Resource")
        and type_.name not in ("Element", "BackboneElement")
    )


def is_primitive(type_: Type) -> bool:
    """Whether this is a FHIR primitive, such as FHIR.dateTime."""
    return isinstance(type_, Named) and not type_.is_system and r4.is_primitive(type_.name)


def is_open(type_: Type) -> bool:
    """Whether a value of this static type must say itself what it is: Any, choices, abstract FHIR elements."""
    if isinstance(type_, Choice) or type_ == ANY:
        return True
    return isinstance(type_, Named) and type_.name in ("Element", "BackboneElement")
