"""One shape for the logic to read: references resolved, codes translated, units in the concept's canonical unit.

Pure functions; a resource that needs no change is returned as it is, a changed one is a new dict.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cds.data.components import with_components
from cds.data.referenced import with_medication, with_reasons
from cds.data.remembered_mappings import Codes, Conversions, Mappings, Meaning, RememberedMappings
from cds.data.resources import Resources
from cds.fhir.elements import codings_of, objects_at
from cds.fhir.extensions import ORIGINAL_QUANTITY
from cds.fhir.quantities import value_of
from cds.fhir.systems import UCUM

# Elements that are CodeableConcepts a local code may stand in, and elements that contain such.
_CONCEPTS = frozenset(
    {"code", "medicationCodeableConcept", "vaccineCode", "itemCodeableConcept", "valueCodeableConcept", "reasonCode"}
    | {"bodySite", "category", "type", "method", "route", "statusReason", "interpretation", "conclusionCode"}
)
_CONTAINERS = frozenset({"component", "contained", "ingredient", "dosageInstruction", "dosage", "reaction"})
_DECIMALS = Decimal("1e-8")  # what a CQL Decimal can hold


def normalise(
    resource: dict[str, Any], pool: Mapping[str, dict[str, Any]], mappings: Mappings | None
) -> dict[str, Any]:
    """Bring one resource into the shape that the logic reads; `pool` holds by `Type/id` what references may mean."""
    return normalise_all((resource,), pool, mappings)[0]


def normalise_all(
    resources: Iterable[dict[str, Any]], pool: Mapping[str, dict[str, Any]], mappings: Mappings | None
) -> list[dict[str, Any]]:
    """Bring the resources of one call into the shape that the logic reads."""
    memory = _Memory(mappings)
    return [_normalise(resource, pool, memory) for resource in resources]


def normalise_retrievable(
    resources: Sequence[dict[str, Any]],
    pool: Mapping[str, dict[str, Any]],
    mappings: Mappings | None,
    retrieved: frozenset[tuple[str, str]] | None,
) -> Sequence[dict[str, Any]]:
    """Bring the resources of one call into the shape that the logic reads, components of panels beside their panels.

    `retrieved` are the codes of the Observations that retrieves ask for (None: any): others wait until they are needed.
    """
    memory = _Memory(mappings, retrieved)
    normalised = [_normalise_retrievable(resource, pool, memory) for resource in resources]

    def later(position: int) -> dict[str, Any]:
        return _normalise(resources[position], pool, memory)

    resources_of_call = Resources([None if one is None else with_components(one) for one in normalised], later)
    return resources_of_call if None in normalised else resources_of_call.retrievable


class _Memory:
    """What was found out in one call: what concepts mean, and which members are to be changed, by all their names."""

    def __init__(self, mappings: Mappings | None, retrieved: frozenset[tuple[str, str]] | None = None) -> None:
        self.meanings = RememberedMappings(mappings, retrieved)
        self.systems: Container[str] = mappings.systems if mappings is not None else ()
        self.translated = _Members(_TRANSLATED)
        self.of_observations = _Members(_OF_OBSERVATIONS)
        self.of_components = _Members(_OF_COMPONENTS)


_Change = Callable[[dict[str, Any], _Memory], dict[str, Any]]
_ChangeOfMember = Callable[[Any, _Memory], Any]


class _Members(dict[tuple[str, ...], tuple[tuple[str, _ChangeOfMember], ...]]):
    """The changes that objects need, by the names of their members: most objects of one call have the same names."""

    def __init__(self, changes: Mapping[str, _ChangeOfMember]) -> None:
        super().__init__()
        self._changes = changes

    def __missing__(self, names: tuple[str, ...]) -> tuple[tuple[str, _ChangeOfMember], ...]:
        self[names] = found = tuple((name, self._changes[name]) for name in names if name in self._changes)
        return found


def _normalise(resource: dict[str, Any], pool: Mapping[str, dict[str, Any]], memory: _Memory) -> dict[str, Any]:
    if "medicationReference" in resource:
        resource = with_medication(resource, pool)
    if "reasonReference" in resource:
        resource = with_reasons(resource, pool)
    if resource.get("resourceType") != "Observation":
        return _translate(resource, memory)
    meaning = _meaning_of(resource.get("code"), memory)
    return _measured(resource, meaning, memory.of_observations[tuple(resource)], memory)


def _normalise_retrievable(
    resource: dict[str, Any], pool: Mapping[str, dict[str, Any]], memory: _Memory
) -> dict[str, Any] | None:
    """Normalise, but not a result that no retrieve can find; each component of a panel is a result of its own."""
    if resource.get("resourceType") != "Observation" or "component" in resource or "reasonReference" in resource:
        return _normalise(resource, pool, memory)
    meaning = _meaning_of(resource.get("code"), memory)
    if not meaning.is_retrievable:
        return None
    return _measured(resource, meaning, memory.of_observations[tuple(resource)], memory)


def _translate(node: dict[str, Any], memory: _Memory) -> dict[str, Any]:
    """Append the mapped Codings to every CodeableConcept; what the sender wrote stays first."""
    changes = _changes(node, memory.translated[tuple(node)], memory)
    return node | changes if changes else node


def _changes(node: dict[str, Any], members: Iterable[tuple[str, _ChangeOfMember]], memory: _Memory) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, change in members:
        value = node[name]
        if (new := change(value, memory)) is not value:
            changes[name] = new
    return changes


def _each(value: Any, change: _Change, memory: _Memory) -> Any:
    """Apply a change to an object or to each of a list; the very same value comes back when nothing changed."""
    if isinstance(value, dict):
        return change(value, memory)
    if not isinstance(value, list):
        return value
    new = [change(item, memory) if isinstance(item, dict) else item for item in value]
    return new if new != value else value


def _translate_concepts(value: Any, memory: _Memory) -> Any:
    """Translate a CodeableConcept or a list of them."""
    try:
        for concept in value if isinstance(value, list) else (value,):
            for coding in concept["coding"]:
                if coding.get("system", "") in memory.systems:
                    return _each(value, _translate_concept, memory)
    except (AttributeError, KeyError, TypeError):  # one without codings, or what is none
        return _each(value, _translate_concept, memory)
    return value


def _translate_concept(concept: Any, memory: _Memory) -> Any:
    return _with_added(concept, _meaning_of(concept, memory))


def _with_added(concept: Any, meaning: Meaning) -> Any:
    return concept | {"coding": [*concept["coding"], *meaning.added]} if meaning.added else concept


def _meaning_of(concept: Any, memory: _Memory) -> Meaning:
    try:
        codes = tuple([(coding.get("system", ""), coding["code"]) for coding in concept["coding"]])
        known = memory.meanings.get(codes)
    except (AttributeError, KeyError, TypeError):  # no coding, one without a code, or what is none
        return _meaning_of_odd(concept, memory)
    return memory.meanings[codes] if known is None else known


def _meaning_of_odd(concept: Any, memory: _Memory) -> Meaning:
    codes: Codes = tuple(
        [(str(coding.get("system", "")), str(coding["code"])) for coding in codings_of(concept) if "code" in coding]
    )
    if isinstance(concept, dict) and isinstance(concept.get("coding"), list):
        return memory.meanings[codes]._replace(is_retrievable=True)
    return memory.meanings.untranslated(codes)


def _measured(
    holder: dict[str, Any], meaning: Meaning, members: Iterable[tuple[str, _ChangeOfMember]], memory: _Memory
) -> dict[str, Any]:
    """Translate an Observation, or a component of one, and convert its value and its reference range.

    These two are converted by what the code of the holder means, and stay as they are where no factor is known.
    """
    changes = _changes(holder, members, memory)
    concept = holder.get("code")
    if meaning.added:
        changes["code"] = _with_added(concept, meaning)
    elif isinstance(concept, list) and (translated := _translate_concepts(concept, memory)) is not concept:
        changes["code"] = translated  # FHIR has one concept here, and who finds Observations by code reads several
    quantity, ranges = holder.get("valueQuantity"), holder.get("referenceRange")
    if (converted := _convert(quantity, meaning.conversions)) is not quantity:
        changes["valueQuantity"] = converted
    if isinstance(ranges, list):
        new = [_convert_range(item, meaning.conversions) if isinstance(item, dict) else item for item in ranges]
        if new != ranges:
            changes["referenceRange"] = new
    return holder | changes if changes else holder


def _measured_component(component: dict[str, Any], memory: _Memory) -> dict[str, Any]:
    meaning = _meaning_of(component.get("code"), memory)
    return _measured(component, meaning, memory.of_components[tuple(component)], memory)


def _of_each(change: _Change) -> _ChangeOfMember:
    return lambda value, memory: _each(value, change, memory)


_TRANSLATED: Mapping[str, _ChangeOfMember] = {
    **dict.fromkeys(_CONCEPTS, _translate_concepts),
    **dict.fromkeys(_CONTAINERS, _of_each(_translate)),
}
_OF_COMPONENTS = {name: change for name, change in _TRANSLATED.items() if name != "code"}
_OF_OBSERVATIONS = _OF_COMPONENTS | {"component": _of_each(_measured_component)}


def _convert_range(item: dict[str, Any], conversions: Conversions) -> dict[str, Any]:
    changes = {}
    for name in ("low", "high"):
        end = item.get(name)
        if (converted := _convert(end, conversions)) is not end:
            changes[name] = converted
    return item | changes if changes else item


def _convert(quantity: Any, conversions: Conversions) -> Any:
    """Multiply by the factor of the concept; the original stays in an extension. No unit, no conversion."""
    if not isinstance(quantity, dict):
        return quantity
    written = quantity.get("system"), quantity.get("code"), quantity.get("unit")
    try:
        conversion = conversions[written]
    except TypeError:  # a member that should be text is a list or an object
        conversion = conversions.find(*written)
    if conversion is None or (value := value_of(quantity)) is None:
        return quantity
    unit, factor = conversion
    if factor is None:
        return {**quantity, "unit": unit}
    product = value * factor
    if isinstance(exponent := product.as_tuple().exponent, int) and exponent < -8:
        product = product.quantize(_DECIMALS)
    original = {"url": ORIGINAL_QUANTITY, "valueQuantity": quantity}
    return {
        **{name: quantity[name] for name in ("comparator",) if name in quantity},
        "value": product,
        "unit": unit,
        "system": UCUM,
        "code": unit,
        "extension": [*objects_at(quantity, "extension"), original],
    }
