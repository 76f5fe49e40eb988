"""Our choices where the specification leaves one: written into docs/cds-hooks-conformance.md."""

from __future__ import annotations

REASONS = {
    "CH-008": "Reviewed: TLS (own certificate or proxy), no redirects, allow-lists, no patient data in logs.",
    "CH-009": "This page; `GET /cds-services` says the rest.",
    "CH-025": "Not used: one id for each guideline and hook, because discovery is keyed by URL in real clients.",
    "CH-026": "The ETag follows the content, also where CDS_RELOAD_SECONDS lets it change.",
    "CH-033": "Only addresses of CDS_FHIR_SERVERS are called: list https addresses. http is there for a test set-up.",
    "CH-052": "One step outside the subset: `_include` of the Medication that an order refers to. A client that leaves "
    "it out is served all the same: the Medication is read, or the key is named in a 412.",
    "CH-053": "Not used.",
    "CH-054": "Not used: clients do not evaluate it.",
    "CH-056": "Not used: clients do not evaluate it.",
    "CH-082": "By set-up: the site registers this server at its authorisation server; the token comes with a call.",
    "CH-085": "Not used.",
    "CH-107": "No icon is sent.",
    "CH-116": "The client's. Actions do not rely on their order.",
    "CH-126": "Links lead to public pages.",
    "CH-131": "Not used.",
    "CH-147": "At the proxy: this server checks tokens, the proxy in front may ask for certificates.",
    "CH-168": "Not used: see CH-025.",
    "CH-170": "The client's. Details name the results and their dates that the advice rests on.",
    "CH-182": "Not published as services: neither of the library any more nor in reverse-domain form.",
}
LENIENCY = (
    "`patientId` and `encounterId` may carry their type (`Patient/1`); references may be bare ids (CH-183, CH-184).",
    "`hookInstance` need not be a UUID (CH-029).",
    "`selections` may be left out or empty: then every draft is judged (CH-172).",
    "`order` and `task` of order-dispatch 1.0, and `fulfillment-tasks`, are read as the fields of 1.1 (CH-176).",
    "`allergyIntolerances`, `order` of medication-verify and `{resource: …}` are read as the pages' samples have them.",
    "Drafts need not be valid resources: no status, unknown extensions, Bundle entries without fullUrl (CH-038).",
    "A prefetched value that is no resource, or of another type, counts as not prefetched (CH-067).",
    "Members that are not in the specification are ignored, at every level (CH-036).",
    "`token_type` in any case; `expires_in` and `scope` may be missing (CH-074 … CH-078).",
    "A time of feedback without a zone is read as UTC (CH-140).",
    "Feedback on a card that was not served to this client is kept and counted as unmatched (CH-135).",
)
LENIENT = {
    "cdshooks-request-bad-1": "`context.patientId` carries its type: it is taken off; the status of a draft is not in "
    "the value set, an extension is not known, a Bundle entry has no fullUrl: drafts need not be valid",
    "cdshooks-request-order-sign-bad-2": "the same, and a prefetched value has no resourceType: that key counts as not "
    "prefetched, so it is read from the FHIR server or named in a 412",
    "cdshooks-request-order-select-bad": "the same, and a selection is a bare id: it is completed from the drafts",
    "cdshooks-request-patient-view-bad": "ids carry their type, prefetched values have no resourceType: as above",
}
STRICTER = {
    "cdshooks-response-source-link": "the summary is over 139 characters and a link has no type: the specification "
    "forbids both, the validator does not look",
}
