"""Make hook requests of a pasted Bundle: one patient's record, with the draft orders that are in it."""

from __future__ import annotations

import copy
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.errors import BadRequest, CDSError
from cds.fhir.bundles import entries_of
from cds.fhir.references import literal_of
from cds.web.playground.hook_calls import USER
from cds.web.playground.ports import Store

_DRAFT_TYPES = ("MedicationRequest", "ServiceRequest", "NutritionOrder", "DeviceRequest", "VisionPrescription")
_ORDER_HOOKS = ("order-select", "order-sign")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedRecord:
    """What a Bundle holds: the patient, the record, the orders that are being written."""

    patient_id: str
    resources: list[dict[str, Any]]
    drafts: list[dict[str, Any]]

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that an EHR would fire with this record open."""
        return ("patient-view", *(_ORDER_HOOKS if self.drafts else ()))


def read_record(bundle: Mapping[str, Any]) -> PastedRecord:
    """Read a Bundle of any type; references by `fullUrl` are written as Type/id. Raises `BadRequest`."""
    resources = list(_resources(bundle))
    patients = [resource["id"] for resource in resources if resource["resourceType"] == "Patient"]
    if len(patients) != 1:
        msg = f"Bundle.entry: the Bundle holds {len(patients)} Patients: paste the record of exactly one"
        raise BadRequest(msg, expression="Bundle.entry")
    drafts = [each for each in resources if each["resourceType"] in _DRAFT_TYPES and each.get("status") == "draft"]
    kept = [each for each in resources if each not in drafts]
    return PastedRecord(patient_id=patients[0], resources=kept, drafts=drafts)


def keep(record: PastedRecord, store: Store) -> list[str]:
    """Put the record into a store; return notes on the types that it does not keep."""
    left_out: Counter[str] = Counter()
    for resource in record.resources:
        try:
            store.put(resource)
        except CDSError:
            left_out[resource["resourceType"]] += 1
    return [
        f"{count} x {name} left out: no guideline reads this type, or its id is no FHIR id"
        for name, count in sorted(left_out.items())
    ]


def hook_request_of(record: PastedRecord, hook: str, fhir_server: str) -> dict[str, Any]:
    """Write the request that an EHR would send for this record."""
    context: dict[str, Any] = {"userId": USER, "patientId": record.patient_id}
    if hook in _ORDER_HOOKS:
        entries = [{"resource": draft} for draft in record.drafts]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if hook == "order-select":
        context["selections"] = [f"{draft['resourceType']}/{draft['id']}" for draft in record.drafts]
    return {"hook": hook, "hookInstance": str(uuid.uuid4()), "fhirServer": fhir_server, "context": context}


def _resources(bundle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a copy of each resource, with an id and with references that a FHIR server can follow."""
    named: dict[str, str] = {}
    found = []
    for index, entry in enumerate(entries_of(bundle)):
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if not isinstance(resource, Mapping) or not isinstance(resource.get("resourceType"), str):
            msg = f"Bundle.entry[{index}].resource: this is no FHIR resource"
            raise BadRequest(msg, expression=f"Bundle.entry[{index}].resource")
        own = {"id": f"pasted-{index}", **copy.deepcopy(dict(resource))}
        found.append(own)
        if isinstance(entry.get("fullUrl"), str):
            named[entry["fullUrl"]] = literal_of(own) or ""
    for resource in found:
        _rewrite(resource, named)
        yield resource


def _rewrite(node: Any, named: Mapping[str, str]) -> None:
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str) and reference in named:
            node["reference"] = named[reference]
        for value in node.values():
            _rewrite(value, named)
    elif isinstance(node, list):
        for item in node:
            _rewrite(item, named)
