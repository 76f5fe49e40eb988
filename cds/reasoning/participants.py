"""Who takes part: from a type and a role in the plan to a reference in the result (PD-128 … PD-130)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cds.reasoning.call import Call


@dataclass(frozen=True, slots=True)
class Performers:
    """The participants that are known, as References, and the roles of those that are not."""

    references: list[dict[str, Any]]
    roles: list[dict[str, Any]]


def performer_elements(participants: Iterable[Mapping[str, Any]], call: Call) -> Performers:
    """Resolve the participants of an action or activity.

    The patient is the patient; a practitioner is the one who calls, unless a role is asked for, which a reference
    cannot show; for anyone else the role stands alone.
    """
    references, roles = [], []
    for participant in participants:
        if participant["type"] == "patient" and call.patient is not None:
            references.append({"reference": f"Patient/{call.patient['id']}"})
        elif participant["type"] == "practitioner" and "role" not in participant and call.practitioner:
            references.append({"reference": call.practitioner})
        elif "role" in participant:
            roles.append(dict(participant["role"]))
    return Performers(references, roles)
