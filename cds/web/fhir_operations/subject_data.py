"""The data of an operation call: given with it, read from a listed FHIR server, or both (PD-015, PD-016, PD-199).

This server keeps no patient data itself, so that `useServerData` changes nothing. What the call gives goes through the
same line as the data of a hook call: checked for its patient, codes and units normalised, Medications resolved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cds.data.data_requirements import DataRequirement
from cds.data.errors import FHIRServerError
from cds.data.fhir_reader import FhirReader
from cds.data.gather import gather_patient_data
from cds.data.normalise import normalise
from cds.errors import BadRequest, NotFound, PreconditionFailed
from cds.fhir.dates import time_span
from cds.fhir.elements import object_at, objects_at
from cds.fhir.references import literal_of, parse_reference
from cds.hooks.request import CDSRequest
from cds.reasoning.subjects import SUBJECT_TYPES
from cds.web.fhir_operations.inputs import Inputs, Parameter
from cds.web.fhir_operations.operation import CannotProcess, NotSupported, OperationCall

PARAMETERS = (
    Parameter("subject", "string", repeats=True),
    Parameter("encounter", "string"),
    Parameter("practitioner", "string"),
    Parameter("organization", "string"),
    Parameter("parameters", "Parameters"),
    Parameter("data", "Bundle"),
    Parameter("prefetchData", "parts", repeats=True),
    Parameter("useServerData", "boolean"),
    Parameter("dataEndpoint", "Endpoint"),
    Parameter("fhirServer", "url"),
    Parameter("evaluationTime", "dateTime"),
)
# CPG parameters that name further servers: which servers may be called is a setting of this one.
_REFUSED = ("contentEndpoint", "terminologyEndpoint", "artifactEndpointConfiguration")
REFUSED_PARAMETERS = tuple(Parameter(name, "any", repeats=True) for name in _REFUSED)
MAX_SUBJECTS = 100
_HOOK = "org.hl7.fhir.operation"
_INSTANCE = "00000000-0000-4000-8000-000000000000"
_BEARER = "authorization: bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectData:
    """One subject, or several of different types, with the facts about it.

    `subjects` are resources by type, the patient first; `as_received` the facts by `Type/id` before normalisation.
    """

    subjects: Mapping[str, Mapping[str, Any]]
    resources: Sequence[Mapping[str, Any]]
    as_received: Mapping[str, dict[str, Any]]

    @property
    def patient(self) -> Mapping[str, Any] | None:
        """The Patient among the subjects."""
        return self.subjects.get("Patient")

    def find(self, reference: str | None) -> Mapping[str, Any] | None:
        """Return what a reference of the call means: the resource if it is among the data, else the Reference."""
        if reference is None:
            return None
        return self.as_received.get(reference) or {"reference": reference}


def refuse_unsupported(inputs: Inputs) -> None:
    """Raise `NotSupported` for a parameter that the operation has and this server does not serve."""
    for name in _REFUSED:
        if name in inputs:
            msg = f"{name} is not supported: content and terminology are those that the server was started with"
            raise NotSupported(msg, expression=name)
    if "data" in inputs and "prefetchData" in inputs:
        msg = "data and prefetchData exclude each other"
        raise BadRequest(msg, expression="prefetchData")


def evaluation_time(call: OperationCall) -> datetime:
    """Return the moment that counts as now: given with the call, else the server's clock (PD-039)."""
    text = call.inputs.text("evaluationTime")
    now = call.world.clock()
    if text is None:
        return now
    try:
        return time_span(text, now.tzinfo).start.astimezone(now.tzinfo) if now.tzinfo else time_span(text).start
    except ValueError:
        msg = "evaluationTime is a dateTime"
        raise BadRequest(msg, expression="evaluationTime") from None


def subjects_of(inputs: Inputs) -> list[dict[str, str]]:
    """Return, for each result to be made, the ids of its subjects by type (PD-002, PD-003).

    Subjects of one type each make one result; several of one type make one each, with the others beside it.
    """
    by_type: dict[str, list[str]] = {}
    for index, text in enumerate(inputs.all("subject")):
        reference = parse_reference(text)
        if reference is None or reference.type not in SUBJECT_TYPES:
            msg = f"a subject is a reference such as Patient/1 to one of {', '.join(SUBJECT_TYPES)}"
            raise BadRequest(msg, expression=f"subject[{index}]")
        by_type.setdefault(reference.type, []).append(reference.id)
    if not by_type:
        msg = "the parameter subject is missing: say whom the call is about"
        raise BadRequest(msg, expression="subject")
    several = [kind for kind, ids in by_type.items() if len(ids) > 1]
    if len(several) > 1 or sum(len(ids) for ids in by_type.values()) > MAX_SUBJECTS:
        msg = f"give several subjects of one type only, and at most {MAX_SUBJECTS}"
        raise BadRequest(msg, expression="subject")
    single = {kind: ids[0] for kind, ids in by_type.items() if len(ids) == 1}
    return [{kind: one, **single} for kind in several for one in by_type[kind]] or [single]


async def gather(
    call: OperationCall, requirements: Sequence[DataRequirement], subject: Mapping[str, str]
) -> SubjectData:
    """Gather the data about one subject. Raises `RefusedRequest`: 404 for one that is not there, 422 for lost data."""
    await asyncio.sleep(0)  # other calls get their turn between two subjects
    given = _given(call.inputs)
    request = _as_request(call, subject.get("Patient", "none"))
    reader = call.world.fhir_servers.reader_for(request, call.caller, seconds=call.seconds)
    if reader is None and request.fhir_server is not None:
        msg = "the FHIR server of the call is not among those that may be read (CDS_FHIR_SERVERS)"
        raise BadRequest(msg, expression="dataEndpoint")
    if reader is None and given is None and request.prefetch is None:
        msg = "there are no data: send data or prefetchData, or name a dataEndpoint"
        raise BadRequest(msg, expression="data")
    mappings = call.world.knowledge.mappings
    if "Patient" not in subject:
        received = {literal: one for one in given or () if (literal := literal_of(one))}
        resources = [normalise(one, received, mappings) for one in given or ()]
        others = await _others(subject, received, reader)
        return SubjectData(subjects=others, resources=resources, as_received=received)
    own = f"Patient/{request.patient_id}"
    if given is not None:
        given = [one for one in given if one["resourceType"] != "Patient" or literal_of(one) == own]
        if reader is None and own not in {literal_of(one) for one in given}:
            msg = "the subject is not among the data"
            raise NotFound(msg, expression="subject")
    try:
        data = await gather_patient_data(
            requirements, request, reader, mappings, now=evaluation_time(call), given=given
        )
    except PreconditionFailed as refusal:
        raise CannotProcess(str(refusal), expression=refusal.expressions) from None
    received = dict(data.as_received)
    others = await _others({kind: one for kind, one in subject.items() if kind != "Patient"}, received, reader)
    return SubjectData(subjects={"Patient": data.patient, **others}, resources=data.resources, as_received=received)


def context_of(call: OperationCall, data: SubjectData, concepts: Iterable[str] = ()) -> dict[str, Any]:
    """Return what expressions see by name: the parameters of the call, and those in `parameters` (PD-050, PD-057)."""
    context: dict[str, Any] = {name: call.inputs.one(name) for name in concepts if name in call.inputs}
    for name in ("encounter", "practitioner", "organization"):
        if name in call.inputs:
            context[name] = data.find(call.inputs.text(name))
    listed: dict[str, list[Any]] = {}
    for item in objects_at(call.inputs.one("parameters"), "parameter"):
        for member, value in item.items():
            if member == "resource" and isinstance(value, dict):
                value = normalise(value, data.as_received, call.world.knowledge.mappings)
            if member == "resource" or member.startswith("value"):
                listed.setdefault(str(item.get("name")), []).append(value)
    return context | {
        name: values if len(values) > 1 or _is_resource(values[0]) else values[0] for name, values in listed.items()
    }


def _is_resource(value: Any) -> bool:
    return isinstance(value, Mapping) and "resourceType" in value


def _given(inputs: Inputs) -> list[dict[str, Any]] | None:
    bundle = inputs.one("data")
    if bundle is None:
        return None
    entries = (object_at(entry, "resource") for entry in objects_at(bundle, "entry"))
    return [dict(one) for one in entries if isinstance(one.get("resourceType"), str)]


async def _others(
    subject: Mapping[str, str], received: Mapping[str, dict[str, Any]], reader: FhirReader | None
) -> dict[str, Mapping[str, Any]]:
    """Find subjects that are no patients among the data, else on the FHIR server."""
    found: dict[str, Mapping[str, Any]] = {}
    for kind, identity in subject.items():
        resource = received.get(f"{kind}/{identity}")
        if resource is None and reader is not None:
            try:
                resource = await reader.read(kind, identity)
            except FHIRServerError as error:
                msg = f"the subject could not be read: {error.kind}"
                raise CannotProcess(msg, expression="subject") from None
        if resource is None:
            msg = "a subject is not among the data"
            raise NotFound(msg, expression="subject")
        found[kind] = resource
    return found


def _as_request(call: OperationCall, patient: str) -> CDSRequest:
    """Write the call as the data layer reads calls: a patient, a prefetch, a FHIR server with its token."""
    inputs = call.inputs
    body: dict[str, Any] = {"hook": _HOOK, "hookInstance": _INSTANCE, "context": {"patientId": patient}}
    if "prefetchData" in inputs:
        if not all("key" in one and "data" in one for one in inputs.all("prefetchData")):
            msg = "prefetchData has the parts key and data: a key without data says nothing"
            raise BadRequest(msg, expression="prefetchData")
        body["prefetch"] = {str(one["key"]): one["data"] for one in inputs.all("prefetchData")}
    endpoint = inputs.one("dataEndpoint") or {}
    address = endpoint.get("address") or inputs.text("fhirServer")
    if address is not None:
        body["fhirServer"] = address
    elif endpoint:
        msg = "the Endpoint has no address"
        raise BadRequest(msg, expression="dataEndpoint.address")
    headers = endpoint.get("header")
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, str) and header.lower().startswith(_BEARER):
            token = header[len(_BEARER) :].strip()
            body["fhirAuthorization"] = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
    return CDSRequest.from_json(body)
