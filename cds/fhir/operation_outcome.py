"""OperationOutcome: how FHIR says that something went wrong (https://hl7.org/fhir/R4/operationoutcome.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Issue types by which a part of what was asked for was not answered, whatever severity stands beside them
# (https://hl7.org/fhir/R4/codesystem-issue-type.html, "transient" and those below it).
_NOT_ANSWERED = ("transient", "lock-store", "no-store", "exception", "timeout", "incomplete", "throttled")


def operation_outcome(
    code: str, diagnostics: str, *, severity: str = "error", expressions: Sequence[str] = ()
) -> dict[str, Any]:
    """Build an OperationOutcome with one issue; `code` is an issue-type code."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": diagnostics}
    if expressions:
        issue["expression"] = list(expressions)
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def reports_failure(outcome: Mapping[str, Any]) -> bool:
    """Say whether the outcome means failure; one without readable issues does, because nothing says otherwise.

    A warning that results are incomplete, or that a part timed out, is a failure too: what is not there may exist.
    """
    issues = outcome.get("issue")
    if not isinstance(issues, list) or not issues:
        return True
    return any(
        not isinstance(issue, Mapping)
        or issue.get("severity") not in ("warning", "information")
        or issue.get("code") in _NOT_ANSWERED
        for issue in issues
    )
