"""Library/$evaluate and Library/$data-requirements: the definitions of a CQL library over one subject's data.

R4 core has no $evaluate; parameters and result are those of the CPG guide (cpg-library-evaluate).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cds.content.elm import DefinitionName
from cds.engine.errors import EngineError
from cds.errors import BadRequest
from cds.expressions.evaluators import Evaluators
from cds.fhir.operation_outcome import operation_outcome
from cds.reasoning.hook_parameters import bind_hook_context
from cds.reasoning.module_definition import module_definition
from cds.reasoning.requirements import reads_of, requirements
from cds.web.fhir_operations import subject_data
from cds.web.fhir_operations.inputs import Parameter
from cds.web.fhir_operations.knowledge_artifact import artifact_of, compiled
from cds.web.fhir_operations.operation import CannotProcess, Operation, OperationCall
from cds.web.fhir_operations.result_parameters import result_parameters

_NAMED = (Parameter("url", "uri"), Parameter("version", "string"))


async def evaluate_library(call: OperationCall) -> dict[str, Any]:
    """Answer Library/$evaluate: one parameter per definition, an OperationOutcome for one that failed."""
    subject_data.refuse_unsupported(call.inputs)
    library = await artifact_of(call, "Library", None)
    module, logic = await compiled(call, library)
    held = logic.shelf.compiled(library)
    if held is None:
        msg = "the Library carries no logic that can be evaluated (application/elm+json)"
        raise CannotProcess(msg, expression="Library.content")
    asked = list(call.inputs.all("expression")) or sorted(held.definitions)
    unknown = [index for index, name in enumerate(asked) if name not in held.definitions]
    if unknown:
        msg = f"expression is the name of a definition in {module.id}"
        raise BadRequest(msg, expression=f"expression[{unknown[0]}]")
    names = [DefinitionName(held.name, name) for name in asked]
    (subject, *others) = subject_data.subjects_of(call.inputs)
    if others:
        msg = "a Library is evaluated for one subject at a time"
        raise BadRequest(msg, expression="subject")
    data = await subject_data.gather(call, requirements(logic, reads_of(logic, names)), subject)
    evaluators = logic.evaluators(
        data.resources,
        parameters=bind_hook_context(logic.parameters, subject_data.context_of(call, data)),
        now=subject_data.evaluation_time(call),
        deadline=call.deadline,
    )
    return {"resourceType": "Parameters", "parameter": await call.work(_values, evaluators, names)}


def _values(evaluators: Evaluators, names: Iterable[DefinitionName]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for name in names:
        try:
            value = evaluators.definition(name).value
            listed += result_parameters(name.definition, value)
        except EngineError as error:
            failure = operation_outcome("exception", str(error), expressions=[name.definition])
            listed.append({"name": name.definition, "resource": failure})
    return listed


async def library_requirements(call: OperationCall) -> dict[str, Any]:
    """Answer Library/$data-requirements (PD-014)."""
    module, logic = await compiled(call, await artifact_of(call, "Library", None))
    return await call.work(module_definition, logic, module)


OPERATIONS = (
    Operation(
        resource_type="Library",
        name="evaluate",
        definition="http://hl7.org/fhir/uv/cpg/OperationDefinition/cpg-library-evaluate",
        parameters=(
            *_NAMED,
            Parameter("expression", "string", repeats=True),
            *subject_data.PARAMETERS,
            *subject_data.REFUSED_PARAMETERS,
        ),
        inline=frozenset({"url", "version"}),
        answer=evaluate_library,
    ),
    Operation(
        resource_type="Library",
        name="data-requirements",
        definition="http://hl7.org/fhir/OperationDefinition/Library-data-requirements",
        parameters=_NAMED,
        inline=frozenset({"url", "version"}),
        answer=library_requirements,
    ),
)
