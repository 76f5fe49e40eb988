"""The R4 search parameters of the resource types a guideline reads (https://hl7.org/fhir/R4/searchparameter-registry.html).

Each parameter is written as `name=kind:path,path` with JSON member names; kinds are the standard's search types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

_EVERY_TYPE = "_id=token:id _lastUpdated=date:meta.lastUpdated _profile=uri:meta.profile _tag=token:meta.tag"
_SUBJECT = "patient=reference:subject subject=reference:subject encounter=reference:encounter"
_BASICS = "identifier=token:identifier status=token:status"
_EFFECTIVE = "effectiveDateTime,effectivePeriod,effectiveInstant,effectiveTiming"
_MEDICATION = "code=token:medicationCodeableConcept medication=reference:medicationReference"

_BY_TYPE = {
    "AdverseEvent": "subject=reference:subject event=token:event category=token:category date=date:date"
    " actuality=token:actuality seriousness=token:seriousness",
    "AllergyIntolerance": "patient=reference:patient identifier=token:identifier code=token:code,reaction.substance"
    " clinical-status=token:clinicalStatus verification-status=token:verificationStatus category=token:category"
    " criticality=token:criticality date=date:recordedDate onset=date:reaction.onset",
    "Appointment": f"patient=reference:participant.actor actor=reference:participant.actor {_BASICS} date=date:start"
    " service-type=token:serviceType service-category=token:serviceCategory specialty=token:specialty"
    " appointment-type=token:appointmentType reason-code=token:reasonCode based-on=reference:basedOn",
    "CarePlan": f"{_SUBJECT} {_BASICS} intent=token:intent category=token:category date=date:period"
    " activity-code=token:activity.detail.code condition=reference:addresses",
    "ClinicalImpression": f"{_SUBJECT} {_BASICS} date=date:date finding-code=token:finding.itemCodeableConcept",
    "Communication": f"{_SUBJECT} {_BASICS} category=token:category medium=token:medium sent=date:sent"
    " received=date:received recipient=reference:recipient sender=reference:sender",
    "Condition": f"{_SUBJECT} identifier=token:identifier code=token:code category=token:category"
    " clinical-status=token:clinicalStatus verification-status=token:verificationStatus severity=token:severity"
    " body-site=token:bodySite onset-date=date:onsetDateTime,onsetPeriod"
    " abatement-date=date:abatementDateTime,abatementPeriod recorded-date=date:recordedDate",
    "Consent": f"patient=reference:patient {_BASICS} category=token:category date=date:dateTime scope=token:scope",
    "Coverage": f"{_BASICS} patient=reference:beneficiary beneficiary=reference:beneficiary type=token:type",
    "DetectedIssue": "patient=reference:patient identifier=token:identifier code=token:code"
    " identified=date:identifiedDateTime,identifiedPeriod implicated=reference:implicated",
    "Device": f"{_BASICS} patient=reference:patient type=token:type",
    "DeviceRequest": f"{_SUBJECT} {_BASICS} code=token:codeCodeableConcept intent=token:intent"
    " authored-on=date:authoredOn",
    "DeviceUseStatement": "patient=reference:subject subject=reference:subject identifier=token:identifier"
    " device=reference:device",
    "DiagnosticReport": f"{_SUBJECT} {_BASICS} code=token:code category=token:category issued=date:issued"
    " date=date:effectiveDateTime,effectivePeriod result=reference:result conclusion=token:conclusionCode",
    "DocumentReference": f"patient=reference:subject subject=reference:subject {_BASICS} type=token:type"
    " category=token:category date=date:date period=date:context.period",
    "Encounter": f"patient=reference:subject subject=reference:subject {_BASICS} class=token:class type=token:type"
    " date=date:period reason-code=token:reasonCode",
    "EpisodeOfCare": f"patient=reference:patient {_BASICS} type=token:type date=date:period",
    "FamilyMemberHistory": f"patient=reference:patient {_BASICS} code=token:condition.code date=date:date"
    " relationship=token:relationship",
    "Flag": "patient=reference:subject subject=reference:subject identifier=token:identifier date=date:period",
    "Goal": "patient=reference:subject subject=reference:subject identifier=token:identifier"
    " lifecycle-status=token:lifecycleStatus category=token:category start-date=date:startDate",
    "ImagingStudy": f"{_SUBJECT} {_BASICS} started=date:started modality=token:series.modality",
    "Immunization": f"patient=reference:patient {_BASICS} vaccine-code=token:vaccineCode"
    " date=date:occurrenceDateTime status-reason=token:statusReason lot-number=string:lotNumber",
    "ImmunizationRecommendation": "patient=reference:patient identifier=token:identifier date=date:date"
    " vaccine-type=token:recommendation.vaccineCode",
    "Location": f"{_BASICS} name=string:name",
    "Medication": f"{_BASICS} code=token:code form=token:form ingredient=reference:ingredient.itemReference"
    " ingredient-code=token:ingredient.itemCodeableConcept",
    "MedicationAdministration": f"patient=reference:subject subject=reference:subject {_BASICS} {_MEDICATION}"
    " context=reference:context effective-time=date:effectiveDateTime,effectivePeriod request=reference:request"
    " reason-given=token:reasonCode",
    "MedicationDispense": f"patient=reference:subject subject=reference:subject {_BASICS} {_MEDICATION}"
    " context=reference:context whenhandedover=date:whenHandedOver whenprepared=date:whenPrepared"
    " prescription=reference:authorizingPrescription type=token:type",
    "MedicationRequest": f"{_SUBJECT} {_BASICS} {_MEDICATION} intent=token:intent category=token:category"
    " priority=token:priority authoredon=date:authoredOn date=date:dosageInstruction.timing.event"
    " requester=reference:requester",
    "MedicationStatement": f"patient=reference:subject subject=reference:subject {_BASICS} {_MEDICATION}"
    " context=reference:context category=token:category effective=date:effectiveDateTime,effectivePeriod"
    " part-of=reference:partOf",
    "NutritionOrder": f"patient=reference:patient {_BASICS} datetime=date:dateTime",
    "Observation": f"{_SUBJECT} {_BASICS} code=token:code category=token:category date=date:{_EFFECTIVE}"
    " value-quantity=quantity:valueQuantity,valueSampledData value-concept=token:valueCodeableConcept"
    " value-string=string:valueString value-date=date:valueDateTime,valuePeriod"
    " combo-code=token:code,component.code component-code=token:component.code"
    " combo-value-quantity=quantity:valueQuantity,component.valueQuantity performer=reference:performer"
    " based-on=reference:basedOn data-absent-reason=token:dataAbsentReason method=token:method",
    "Organization": "identifier=token:identifier name=string:name active=token:active type=token:type",
    "Patient": "identifier=token:identifier active=token:active gender=token:gender birthdate=date:birthDate"
    " death-date=date:deceasedDateTime family=string:name.family given=string:name.given"
    " name=string:name.text,name.family,name.given,name.prefix,name.suffix"
    " general-practitioner=reference:generalPractitioner organization=reference:managingOrganization",
    "Practitioner": "identifier=token:identifier active=token:active family=string:name.family given=string:name.given"
    " name=string:name.text,name.family,name.given",
    "PractitionerRole": "identifier=token:identifier active=token:active practitioner=reference:practitioner"
    " organization=reference:organization role=token:code specialty=token:specialty",
    "Procedure": f"{_SUBJECT} {_BASICS} code=token:code category=token:category"
    " date=date:performedDateTime,performedPeriod reason-code=token:reasonCode"
    " reason-reference=reference:reasonReference performer=reference:performer.actor",
    "QuestionnaireResponse": f"{_SUBJECT} {_BASICS} questionnaire=uri:questionnaire authored=date:authored",
    "RequestGroup": f"{_SUBJECT} {_BASICS} code=token:code intent=token:intent authored=date:authoredOn",
    "RiskAssessment": f"{_SUBJECT} identifier=token:identifier date=date:occurrenceDateTime,occurrencePeriod"
    " method=token:method",
    "ServiceRequest": f"{_SUBJECT} {_BASICS} code=token:code category=token:category intent=token:intent"
    " priority=token:priority authored=date:authoredOn occurrence=date:occurrenceDateTime,occurrencePeriod"
    " requester=reference:requester",
    "Specimen": f"patient=reference:subject subject=reference:subject {_BASICS} type=token:type"
    " collected=date:collection.collectedDateTime,collection.collectedPeriod",
    "Task": f"patient=reference:for subject=reference:for encounter=reference:encounter {_BASICS} code=token:code"
    " intent=token:intent authored-on=date:authoredOn owner=reference:owner focus=reference:focus"
    " based-on=reference:basedOn",
}


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One search parameter of a type: its search type and the element paths it looks at."""

    name: str
    kind: str  # token, reference, date, quantity, string, uri
    paths: tuple[str, ...]


def searchable_types() -> tuple[str, ...]:
    """List the resource types that have search parameters here."""
    return tuple(_BY_TYPE)


@cache
def search_parameters(resource_type: str) -> dict[str, SearchParameter]:
    """Give the parameters of a resource type by name; an unknown type has those of every resource."""
    parameters = {}
    for text in f"{_EVERY_TYPE} {_BY_TYPE.get(resource_type, '')}".split():
        name, _, rest = text.partition("=")
        kind, _, paths = rest.partition(":")
        parameters[name] = SearchParameter(name, kind, tuple(paths.split(",")))
    return parameters


def patient_parameter(resource_type: str) -> str | None:
    """Name the parameter that selects one patient's resources; None where the type has none."""
    parameters = search_parameters(resource_type)
    return next((name for name in ("patient", "subject") if name in parameters), None)
