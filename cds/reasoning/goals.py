"""Goals of the plan become Goals of the patient (PD-077 … PD-082)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cds.fhir.elements import codings_of
from cds.fhir.json import copied
from cds.reasoning.subjects import reference_to
from cds.reasoning.workshop import Workshop

_SUBJECTS = frozenset({"Patient", "Group", "Organization"})


def make_goals(
    plan: Mapping[str, Any], canonical: str, subject: Mapping[str, Any] | None, workshop: Workshop
) -> dict[str, str]:
    """Make a Goal per goal of the plan; return their references by the element id that actions refer to.

    A goal is about the plan's subject, where a Goal can be; else about the patient, and without one there is none.
    """
    about = subject if subject is not None and subject["resourceType"] in _SUBJECTS else workshop.call.patient
    if about is None:
        return {}
    references = {}
    for index, goal in enumerate(plan.get("goal", ())):
        made = _goal(goal, workshop.new_id("Goal", canonical, str(index)), about, workshop.evaluators.resources)
        workshop.goals.append(made)
        if "id" in goal:
            references[goal["id"]] = f"#{made['id']}"
    return references


def _goal(
    goal: Mapping[str, Any], identity: str, about: Mapping[str, Any], resources: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the Goal; what it addresses is a concept in the plan and a Reference in a Goal.

    So it refers to the subject's Conditions with that code, and says in a note what no Condition has (PD-078).
    """
    made: dict[str, Any] = {
        "resourceType": "Goal",
        "id": identity,
        "lifecycleStatus": "proposed",
        "subject": reference_to(about),
    }
    made |= {name: copied(goal[name]) for name in ("description", "priority") if name in goal}
    notes: list[str] = []
    if "category" in goal:
        made["category"] = [copied(goal["category"])]
    if "start" in goal:
        made["startCodeableConcept"] = copied(goal["start"])
    if "target" in goal:
        made["target"] = [_target(target) for target in goal["target"]]
        unmeasured = [one for one in goal["target"] if "measure" not in one and _details(one)]
        notes += [f"Target without a measure: {one[name]}" for one in unmeasured for name in _details(one)]
    for concept in goal.get("addresses", ()):
        conditions = [one for one in resources if one.get("resourceType") == "Condition" and _same(one, concept)]
        made.setdefault("addresses", []).extend(reference_to(one) for one in conditions if "id" in one)
        text = _text(concept)
        notes += [f"Addresses: {text}"] if text and not conditions else []
    if not made.get("addresses"):
        made.pop("addresses", None)
    notes += [text for one in goal.get("documentation", ()) if (text := one.get("display") or one.get("citation"))]
    if notes:
        made["note"] = [{"text": note} for note in notes]
    return made


def _details(target: Mapping[str, Any]) -> list[str]:
    return [name for name in target if name.startswith("detail")]


def _target(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return a target; a detail needs a measure in a Goal (gol-1), though not in a plan."""
    left = {"due"} if "measure" in target else {"due", *_details(target)}
    made = {name: copied(value) for name, value in target.items() if name not in left}
    return made | ({"dueDuration": copied(target["due"])} if "due" in target else {})


def _same(condition: Mapping[str, Any], concept: Mapping[str, Any]) -> bool:
    wanted = {(one.get("system"), one.get("code")) for one in concept.get("coding", ())}
    return any((one.get("system"), one.get("code")) in wanted for one in codings_of(condition.get("code")))


def _text(concept: Mapping[str, Any]) -> str | None:
    displays = (coding.get("display") or coding.get("code") for coding in concept.get("coding", ()))
    text: str | None = concept.get("text") or next(displays, None)
    return text
