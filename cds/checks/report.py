"""Findings for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cds.checks.findings import Finding
from cds.checks.guideline_rules import RULES
from cds.checks.logic_rules import LOGIC_RULES
from cds.checks.mapping_rules import MAPPING_RULES
from cds.checks.order_rules import ORDER_RULES

_WHY = {
    **{rule.id: rule.why for rule in RULES},
    **{rule.id: rule.why for rule in MAPPING_RULES},
    **{rule.id: rule.why for rule in LOGIC_RULES},
    **{rule.id: rule.why for rule in ORDER_RULES},
}


def as_text(findings: Sequence[Finding]) -> str:
    """Return one line per finding, then the totals."""
    lines = [
        f"{_place(finding)}: {finding.severity}: {finding.message} [{finding.rule}{_reason(finding)}]"
        for finding in findings
    ]
    errors = sum(finding.is_error for finding in findings)
    return "\n".join([*lines, f"{errors} errors, {len(findings) - errors} warnings"])


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings as a JSON object."""
    return {
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity,
                "file": finding.file,
                "path": finding.path,
                "message": finding.message,
            }
            for finding in findings
        ]
    }


def _place(finding: Finding) -> str:
    return f"{finding.file}: {finding.path}" if finding.path else finding.file


def _reason(finding: Finding) -> str:
    why = _WHY.get(finding.rule)
    return f": {why}" if why else ""
