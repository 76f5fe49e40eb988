"""One shape for the logic to read: references resolved, codes translated, units in the concept's canonical unit.

Pure functions; a resource that needs no change is returned as it is, a changed one is a new dict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import is_not
from typing import Any

from cds.data.remembered_mappings import Codes, Conversions, Mappings, RememberedMappings
from cds.fhir.elements import codings_of, object_at, objects_at, values_at
from cds.fhir.extensions import MEDICATION_REFERENCE, ORIGINAL_QUANTITY
from cds.fhir.quantities import value_of
from cds.fhir.references import contained, parse_reference
from cds.fhir.systems import UCUM

# Elements that are CodeableConcepts a local code may stand in, and elements that contain such.
_CONCEPTS = frozenset(
    {"code", "medicationCodeableConcept", "vaccineCode", "itemCodeableConcept", "valueCodeableConcept", "reasonCode"}
    | {"bodySite", "category", "type", "method", "route", "statusReason", "interpretation", "conclusionCode"}
)
_CONTAINERS = frozenset({"component", "contained", "ingredient", "dosageInstruction", "dosage", "reaction"})
_Change = Callable[[dict[str, Any], RememberedMappings], dict[str, Any]]
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
    remembered = RememberedMappings(mappings)
    return [_normalise(resource, pool, remembered) for resource in resources]


def _normalise(
    resource: dict[str, Any], pool: Mapping[str, dict[str, Any]], mappings: RememberedMappings
) -> dict[str, Any]:
    if "medicationReference" in resource:
        resource = _resolve_medication(resource, pool)
    if "reasonReference" in resource:
        resource = _resolve_reasons(resource, pool)
    resource = _translate(resource, mappings)
    return _canonical_units(resource, mappings) if resource.get("resourceType") == "Observation" else resource


def medication_of(resource: Mapping[str, Any], pool: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Find the Medication that `medicationReference` means: contained, or among the data."""
    text = object_at(resource, "medicationReference").get("reference")
    return contained(resource, text) or _in_pool(text, pool)


def _resolve_medication(resource: dict[str, Any], pool: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Put the Medication's codes where the logic looks for them, and the Medication with its strength inside."""
    medication = medication_of(resource, pool)
    if medication is None:
        return resource
    changed = {name: value for name, value in resource.items() if name != "medicationReference"}
    if contained(resource, object_at(resource, "medicationReference").get("reference")) is None:
        changed["contained"] = [*objects_at(resource, "contained"), medication]
    concept = dict(object_at(medication, "code"))
    ingredients = objects_at(medication, "ingredient")
    if len(ingredients) == 1:
        own = list(codings_of(concept))
        concept["coding"] = own + [
            coding for coding in codings_of(ingredients[0].get("itemCodeableConcept")) if coding not in own
        ]
    link = {"url": MEDICATION_REFERENCE, "valueReference": {"reference": f"#{medication.get('id')}"}}
    concept["extension"] = [*objects_at(concept, "extension"), link]
    changed["medicationCodeableConcept"] = concept
    return changed


def _resolve_reasons(resource: dict[str, Any], pool: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add the codes of the Conditions that `reasonReference` means to `reasonCode`."""
    references = values_at(resource, "reasonReference.reference")
    found = [contained(resource, text) or _in_pool(text, pool) for text in references]
    codes = [
        condition["code"]
        for condition in found
        if condition is not None and condition.get("resourceType") == "Condition" and "code" in condition
    ]
    if not codes:
        return resource
    own = objects_at(resource, "reasonCode")
    return {**resource, "reasonCode": own + [code for code in codes if code not in own]}


def _in_pool(text: object, pool: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    reference = parse_reference(text)
    return pool.get(reference.literal) if reference else None


def _translate(node: dict[str, Any], mappings: RememberedMappings) -> dict[str, Any]:
    """Append the mapped Codings to every CodeableConcept; what the sender wrote stays first."""
    changes: dict[str, Any] = {}
    for name, value in node.items():
        change = _TRANSLATED.get(name)
        if change is not None and (new := _each(value, change, mappings)) is not value:
            changes[name] = new
    return {**node, **changes} if changes else node


def _each(value: Any, change: _Change, mappings: RememberedMappings) -> Any:
    """Apply a change to an object or to each of a list; the very same value comes back when nothing changed."""
    if isinstance(value, dict):
        return change(value, mappings)
    if not isinstance(value, list):
        return value
    new = [change(item, mappings) if isinstance(item, dict) else item for item in value]
    return new if any(map(is_not, new, value)) else value


def _translate_concept(concept: dict[str, Any], mappings: RememberedMappings) -> dict[str, Any]:
    codings = concept.get("coding")
    if not isinstance(codings, list):
        return concept
    added = mappings.added[_codes_of(concept)]
    return {**concept, "coding": [*codings, *map(dict, added)]} if added else concept


_TRANSLATED: Mapping[str, _Change] = {
    **dict.fromkeys(_CONCEPTS, _translate_concept),
    **dict.fromkeys(_CONTAINERS, _translate),
}


def _codes_of(concept: Any) -> Codes:
    try:
        codes = tuple([(coding.get("system", ""), coding["code"]) for coding in concept["coding"]])
        hash(codes)
    except (AttributeError, KeyError, TypeError):  # no coding, one without a code, or what is none
        return tuple(
            [(str(coding.get("system", "")), str(coding["code"])) for coding in codings_of(concept) if "code" in coding]
        )
    return codes


def _canonical_units(observation: dict[str, Any], mappings: RememberedMappings) -> dict[str, Any]:
    changed = _convert_values(observation, mappings)
    if "component" in observation:
        components = _each(observation["component"], _convert_values, mappings)
        if components is not observation["component"]:
            changed = {**changed, "component": components}
    return changed


def _convert_values(holder: dict[str, Any], mappings: RememberedMappings) -> dict[str, Any]:
    """Convert the value and its reference range; both stay as they are where no factor is known."""
    quantity, ranges = holder.get("valueQuantity"), holder.get("referenceRange")
    if quantity is None and ranges is None:
        return holder
    conversions = mappings.conversions[_codes_of(holder.get("code"))]
    changes: dict[str, Any] = {}
    if isinstance(quantity, dict) and (converted := _convert(quantity, conversions)) is not quantity:
        changes["valueQuantity"] = converted
    if isinstance(ranges, list):
        new = [_convert_range(item, conversions) if isinstance(item, dict) else item for item in ranges]
        if any(map(is_not, new, ranges)):
            changes["referenceRange"] = new
    return {**holder, **changes} if changes else holder


def _convert_range(item: dict[str, Any], conversions: Conversions) -> dict[str, Any]:
    changes = {}
    for name in ("low", "high"):
        end = item.get(name)
        if isinstance(end, dict) and (converted := _convert(end, conversions)) is not end:
            changes[name] = converted
    return {**item, **changes} if changes else item


def _convert(quantity: dict[str, Any], conversions: Conversions) -> dict[str, Any]:
    """Multiply by the factor of the concept; the original stays in an extension. No unit, no conversion."""
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
