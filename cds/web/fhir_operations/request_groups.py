"""RequestGroup/$choose: from what $apply offered and what the user chose of it to the requests (PD-117).

R4 has no such operation; its process of applying a plan names the user's choices as an input.
"""

from __future__ import annotations

from typing import Any

from cds.fhir.extensions import CANONICAL_BASE
from cds.reasoning.choices import choose
from cds.web.fhir_operations.inputs import Parameter
from cds.web.fhir_operations.knowledge_artifact import sent_artifact
from cds.web.fhir_operations.operation import NotSupported, Operation, OperationCall

_FORMS = (
    Parameter("requestGroup", "RequestGroup"),
    Parameter("bundle", "Bundle"),
    Parameter("carePlan", "CarePlan"),
)


async def choose_requests(call: OperationCall) -> dict[str, Any]:
    """Answer RequestGroup/$choose: a transaction Bundle that the EHR can carry out as it is."""
    names = [form.name for form in _FORMS]
    call.inputs.required(*names)
    if sum(name in call.inputs for name in names) > 1:
        msg = f"send one of {', '.join(names)}"
        raise NotSupported(msg, expression=names[0])
    call.inputs.required("chosen")
    (given,) = (name for name in names if name in call.inputs)
    artifact = await sent_artifact(call, given)
    requests = choose(
        artifact.resource,
        call.inputs.all("chosen"),
        intent=call.inputs.text("intent") or "proposal",
        documented=call.inputs.all("documented"),
    )
    entries: list[dict[str, Any]] = []
    for one in requests:
        request = {"request": {"method": one.method, "url": one.url}}
        entries.append(request if one.resource is None else {"resource": one.resource, **request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


OPERATIONS = (
    Operation(
        resource_type="RequestGroup",
        name="choose",
        definition=f"{CANONICAL_BASE}/OperationDefinition/RequestGroup-choose",
        parameters=(
            *_FORMS,
            Parameter("chosen", "string", repeats=True),
            Parameter("intent", "code"),
            Parameter("documented", "string", repeats=True),
        ),
        answer=choose_requests,
    ),
)
