"""Which artefact an operation is about: the one it is called on, one named by URL, or one sent along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.content.artifact import Artifact
from cds.content.guideline import Guideline
from cds.content.problems import BrokenContent
from cds.content.validation import validate
from cds.errors import BadRequest, NotFound
from cds.expressions.logic import Logic
from cds.web.fhir_operations.operation import CannotProcess, OperationCall

_MOST_FAULTS = 10
# What is worked on of a resource that was sent. For scale: the plan of nl-lenalidomide has 7,400 elements, 880 actions
# and 70,000 characters in its expressions.
MAX_ELEMENTS = 50_000
MAX_ACTIONS = 2_000
MAX_LOGIC = 200_000


class TooCostly(CannotProcess):
    """A resource that was sent in the call is larger than what is worked on."""

    code = "too-costly"


async def artifact_of(call: OperationCall, resource_type: str, inline: str | None) -> Artifact:
    """Return the artefact: the instance, else the parameter `inline`, else `url` with `version` (PD-001, PD-015)."""
    if call.instance is not None:
        return call.instance
    if inline is not None and inline in call.inputs:
        return await sent_artifact(call, inline)
    url = call.inputs.text("url")
    if url is None:
        msg = f"say which {resource_type} is meant: {inline or 'url'}, url, or an address with its id"
        raise BadRequest(msg, expression=inline or "url")
    version = call.inputs.text("version")
    found = call.world.knowledge.content.shelf.find(f"{url}|{version}" if version else url, resource_type)
    if found is None:
        msg = f"there is no {resource_type} with this url and version"
        raise NotFound(msg, expression="url")
    return found


async def sent_artifact(call: OperationCall, parameter: str, **defaults: str) -> Artifact:
    """Return the resource of a parameter as an artefact; `defaults` are elements for one that lacks them.

    Raises `TooCostly`, and `CannotProcess` with the paths at which it is not R4.
    """
    resource = {**defaults, **call.inputs.one(parameter)}
    artifact = Artifact(resource, file=resource["resourceType"], root="request")
    faults = await call.work(_faults, artifact, parameter)
    if faults:
        listed = ", ".join(faults[:_MOST_FAULTS])
        msg = f"the {artifact.type} of the call is not valid R4 at {listed}"
        raise CannotProcess(msg, expression=faults[0])
    return artifact


def _faults(artifact: Artifact, parameter: str) -> list[str]:
    elements, actions, logic = _sizes(artifact.resource)
    for size, most, what in (
        (elements, MAX_ELEMENTS, "elements"),
        (actions, MAX_ACTIONS, "actions"),
        (logic, MAX_LOGIC, "characters in its expressions"),
    ):
        if size > most:
            msg = f"{parameter} is too large: it may have {most} {what}"
            raise TooCostly(msg, expression=parameter)
    return [fault.path for fault in validate(artifact)]


def _sizes(resource: Mapping[str, Any]) -> tuple[int, int, int]:
    """Count what takes time, contained resources included: elements, actions, characters of expressions."""
    elements = actions = logic = 0
    waiting: list[Any] = [resource]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            elements += 1
            waiting += one.values()
            inner, expression = one.get("action"), one.get("expression")
            actions += len(inner) if isinstance(inner, list) else 0
            logic += len(expression) if isinstance(expression, str) else 0
    return elements, actions, logic


async def compiled(call: OperationCall, artifact: Artifact) -> tuple[Guideline, Logic]:
    """Return the artefact with what it stands on and its logic; raises `CannotProcess` with what is missing."""
    try:
        return await call.work(call.world.knowledge.module, artifact)
    except BrokenContent as broken:
        listed = "; ".join(f"{problem.path}: {problem.message}" for problem in broken.problems[:_MOST_FAULTS])
        msg = f"this {artifact.type} cannot be processed: {listed}"
        raise CannotProcess(msg, expression=broken.problems[0].path) from None
