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


def artifact_of(call: OperationCall, resource_type: str, inline: str | None) -> Artifact:
    """Return the artefact: the instance, else the parameter `inline`, else `url` with `version` (PD-001, PD-015)."""
    if call.instance is not None:
        return call.instance
    sent = call.inputs.one(inline) if inline else None
    if sent is not None:
        return sent_artifact(sent, resource_type)
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


def sent_artifact(resource: Mapping[str, Any], resource_type: str) -> Artifact:
    """Return a resource of the call as an artefact; raises `CannotProcess` with the paths at which it is not R4."""
    artifact = Artifact(dict(resource), file=resource_type, root="request")
    faults = [fault.path for fault in validate(artifact)]
    if faults:
        listed = ", ".join(faults[:_MOST_FAULTS])
        msg = f"the {resource_type} of the call is not valid R4 at {listed}"
        raise CannotProcess(msg, expression=faults[0])
    return artifact


def compiled(call: OperationCall, artifact: Artifact) -> tuple[Guideline, Logic]:
    """Return the artefact with what it stands on and its logic; raises `CannotProcess` with what is missing."""
    try:
        return call.world.knowledge.module(artifact)
    except BrokenContent as broken:
        listed = "; ".join(f"{problem.path}: {problem.message}" for problem in broken.problems[:_MOST_FAULTS])
        msg = f"this {artifact.type} cannot be processed: {listed}"
        raise CannotProcess(msg, expression=broken.problems[0].path) from None
