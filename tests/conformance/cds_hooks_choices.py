"""Where our reading differs from HL7's validator on purpose, document by document. The conformance page lists it."""

from __future__ import annotations

LENIENT = {
    "cdshooks-request-bad-1": "`context.patientId` carries its type (`Patient/x`): the type is taken off; the status of "
    "a draft is not in the value set, an extension is not known, a Bundle entry has no fullUrl: drafts need not be valid",
    "cdshooks-request-order-sign-bad-2": "the same, and a prefetched value has no resourceType: that key counts as not "
    "prefetched, so it is read from the FHIR server or named in a 412",
    "cdshooks-request-order-select-bad": "the same, and a selection is a bare id: it is completed from the drafts",
    "cdshooks-request-patient-view-bad": "ids carry their type, prefetched values have no resourceType: as above",
}
STRICTER = {
    "cdshooks-response-source-link": "the summary is over 139 characters and a link has no type: the specification "
    "forbids both, the validator does not look",
}
