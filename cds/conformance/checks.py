"""The checks: each a sentence that is true of a conformant server, with the rows of the checklist it stands for."""

from __future__ import annotations

from cds.conformance.results import Check, Level


def _check(identity: str, title: str, *rows: str, level: Level = Level.SHALL) -> Check:
    return Check(id=identity, title=title, rows=rows, level=level)


DISCOVERY = _check("discovery", "GET /cds-services answers 200 with a services array", "CH-011", "CH-012", "CH-023")
DISCOVERY_JSON = _check("discovery-json", "Discovery has no null and nothing empty", "CH-003", "CH-004")
ENTRIES = _check("discovery-entries", "Every service has hook, description and id", "CH-014", "CH-016", "CH-017")
TITLES = _check("discovery-titles", "Every service has a title", "CH-015", level=Level.SHOULD)
TEMPLATES = _check(
    "prefetch-templates", "Prefetch templates are relative reads or searches", "CH-018", "CH-042", "CH-044"
)
HOOK_NAMES = _check(
    "hook-names", "A hook is one of the library or has a reverse-domain name", "CH-041", level=Level.SHOULD
)
HOOK_VERSIONS = _check("hook-versions", "A hookVersion is that of the hook library", "CH-021", level=Level.SHOULD)
ETAG = _check("discovery-etag", "Discovery supports conditional requests", "CH-026", level=Level.PRACTICE)

CALL = _check("call", "A valid call with nothing found answers 200 with cards", "CH-027", "CH-062", "CH-063", "CH-084")
CARDS = _check(
    "cards", "Every card, suggestion, action and link is as specified", "CH-092", "CH-094", "CH-095", "CH-098"
)
INVARIANTS = _check(
    "invariants", "The specification's own invariants hold", "CH-098", "CH-101", "CH-114", "CH-119", "CH-127"
)
ADVICE = _check(
    "invariants-advice", "The specification's invariants of the level warning hold", "CH-122", level=Level.SHOULD
)
CARD_JSON = _check("cards-json", "The answer has no null and nothing empty but cards", "CH-003", "CH-004", "CH-005")
CARD_UUID = _check("cards-uuid", "Every card and suggestion has a uuid", "CH-091", "CH-112", level=Level.SHOULD)
EMPTY_BUNDLES = _check("empty-bundles", "A searchset without entries is read as nothing found", "CH-063")
NO_PREFETCH = _check(
    "no-prefetch", "A call without prefetch or FHIR server answers 200 or 412", "CH-035", "CH-061", "CH-068"
)
OUTCOME = _check("prefetch-outcome", "A look-up that failed at the client answers 200 or 412", "CH-064", "CH-068")
SILENCE = _check(
    "silence",
    "Data that could not be had are not answered as if nothing was found",
    "CH-065",
    "CH-068",
    "CH-071",
    level=Level.SHOULD,
)
EXTENSIONS = _check("extensions", "Extensions of a call do not fail it", "CH-036", "CH-166")
UNKNOWN_MEMBERS = _check("unknown-members", "Unknown members do not fail a call", "CH-036", level=Level.SHOULD)
# What a service answers to a call that breaks a client's SHALL is not written down anywhere: good practice.
MALFORMED = _check(
    "malformed",
    "A malformed call is a 4xx, never a 5xx and never an empty 200",
    "CH-001",
    "CH-028",
    "CH-031",
    level=Level.SHOULD,
)
TOKEN_ALONE = _check(
    "token-without-server", "An access token without fhirServer is refused", "CH-032", level=Level.SHOULD
)

UNKNOWN_SERVICE = _check("unknown-service", "An unknown service is 404", "CH-027", "CH-088", level=Level.SHOULD)
METHOD = _check("method", "GET on a service is 405", "CH-027", level=Level.SHOULD)
CONTENT_TYPE = _check("content-type", "A body that is not announced as JSON is 415", "CH-088", level=Level.PRACTICE)
FEEDBACK = _check("feedback", "Feedback on a card is taken", "CH-132", "CH-133", "CH-134", level=Level.SHOULD)
BAD_FEEDBACK = _check(
    "feedback-malformed", "Malformed feedback is a 4xx", "CH-134", "CH-136", "CH-137", level=Level.SHOULD
)
CORS = _check("cors", "A browser's preflight is answered on every endpoint", "CH-165", level=Level.SHOULD)
CORS_ERRORS = _check("cors-errors", "A refusal carries CORS headers too", "CH-165", level=Level.SHOULD)
ERROR_BODY = _check("error-body", "An error carries an OperationOutcome", "CH-089", level=Level.SHOULD)
NO_ECHO = _check("no-echo", "An error repeats nothing of the request", "CH-164", level=Level.PRACTICE)
NO_FAILURE = _check(
    "no-failure", "No request made the server fail (5xx or no answer)", "CH-088", "CH-090", level=Level.SHOULD
)

UNSIGNED = _check("auth-required", "A request without a token is 401 on every endpoint", "CH-145", "CH-146")
FORGED = _check("auth-forged", "A forged, expired or misdirected token is 401", "CH-153", "CH-154", "CH-159", "CH-160")
REPLAYED = _check("auth-replay", "A token is good once", "CH-156", level=Level.SHOULD)
SAME_REFUSAL = _check("auth-same-body", "A 401 says nothing about why", "CH-164", level=Level.PRACTICE)
