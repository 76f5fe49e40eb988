"""PlanDefinition/$apply, ActivityDefinition/$apply and $data-requirements (checklist sections 1, 17)."""

from __future__ import annotations

from typing import Any

from cds.expressions.evaluators import Evaluators
from cds.expressions.logic import Logic
from cds.fhir.elements import object_at, objects_at
from cds.fhir.references import literal_of
from cds.reasoning.apply import apply_activity, apply_plan_definition
from cds.reasoning.call import Call
from cds.reasoning.hook_parameters import bind_hook_context
from cds.reasoning.merge import merge_nested_plans
from cds.reasoning.module_definition import module_definition
from cds.reasoning.requirements import data_requirements
from cds.reasoning.results import activity_result, bundle, care_plan
from cds.reasoning.subjects import GROUP_SUBJECTS
from cds.web.fhir_operations import subject_data
from cds.web.fhir_operations.inputs import Parameter
from cds.web.fhir_operations.knowledge_artifact import artifact_of, compiled
from cds.web.fhir_operations.operation import CannotProcess, NotSupported, Operation, OperationCall
from cds.web.fhir_operations.subject_data import SubjectData

_CONCEPTS = ("userType", "userLanguage", "userTaskContext", "setting", "settingContext")
_NAMED = (Parameter("url", "uri"), Parameter("version", "string"))
_COMMON = (
    *_NAMED,
    *subject_data.PARAMETERS,
    *subject_data.REFUSED_PARAMETERS,
    *(Parameter(name, "CodeableConcept") for name in _CONCEPTS),
)
_FORMS = ("careplan", "bundle")
_PERSONS = ("Practitioner/", "PractitionerRole/")


async def apply_plan(call: OperationCall) -> dict[str, Any]:
    """Answer PlanDefinition/$apply: one CarePlan, or one Bundle; for several subjects one each, in Parameters."""
    subject_data.refuse_unsupported(call.inputs)
    plan = await artifact_of(call, "PlanDefinition", "planDefinition")
    form = call.inputs.text("resultForm") or _FORMS[0]
    if form not in _FORMS:
        msg = f"resultForm is one of {', '.join(_FORMS)}"
        raise NotSupported(msg, expression="resultForm")
    subjects = subject_data.subjects_of(call.inputs)
    module, logic = await compiled(call, plan)
    requirements = await call.work(data_requirements, logic, module, None, go_on=call.refuse_if_late)
    results = []
    for subject in subjects:
        if form == "careplan" and not GROUP_SUBJECTS.intersection(subject):
            msg = "a CarePlan is about a Patient or a Group: ask for resultForm=bundle, or give the patient as well"
            raise NotSupported(msg, expression="subject")
        data = await subject_data.gather(call, requirements, subject)
        evaluators, circumstances = _prepared(call, logic, data)
        applied = await call.work(apply_plan_definition, plan, evaluators, circumstances)
        if call.inputs.one("mergeNestedCarePlans"):
            applied = merge_nested_plans(applied)
        results.append(care_plan(applied, plan) if form == "careplan" else bundle(applied))
    return _together(results)


async def apply_one_activity(call: OperationCall) -> dict[str, Any]:
    """Answer ActivityDefinition/$apply: the request, its issues with it (PD-013)."""
    subject_data.refuse_unsupported(call.inputs)
    activity = await artifact_of(call, "ActivityDefinition", "activityDefinition")
    subjects = subject_data.subjects_of(call.inputs)
    module, logic = await compiled(call, activity)
    requirements = await call.work(data_requirements, logic, module, None, go_on=call.refuse_if_late)
    results = []
    for subject in subjects:
        data = await subject_data.gather(call, requirements, subject)
        evaluators, circumstances = _prepared(call, logic, data)
        applied = await call.work(apply_activity, activity, evaluators, circumstances)
        result = activity_result(applied)
        if result is None:
            reasons = "; ".join(issue.message for issue in applied.issues if issue.severity == "error")
            msg = f"no request could be made: {reasons}"
            raise CannotProcess(msg, expression="ActivityDefinition")
        results.append(result)
    return _together(results)


async def plan_requirements(call: OperationCall) -> dict[str, Any]:
    """Answer PlanDefinition/$data-requirements (PD-014)."""
    module, logic = await compiled(call, await artifact_of(call, "PlanDefinition", None))
    return await call.work(module_definition, logic, module)


async def activity_requirements(call: OperationCall) -> dict[str, Any]:
    """Answer ActivityDefinition/$data-requirements (PD-014)."""
    module, logic = await compiled(call, await artifact_of(call, "ActivityDefinition", None))
    return await call.work(module_definition, logic, module)


def _prepared(call: OperationCall, logic: Logic, data: SubjectData) -> tuple[Evaluators, Call]:
    now = subject_data.evaluation_time(call)
    context = subject_data.context_of(call, data, _CONCEPTS)
    evaluators = logic.evaluators(
        data.resources,
        parameters=bind_hook_context(logic.parameters, context),
        now=now,
        deadline=call.deadline,
    )
    practitioner = call.inputs.text("practitioner")
    circumstances = Call(
        patient=data.patient,
        others={kind: one for kind, one in data.subjects.items() if kind != "Patient"},
        now=now,
        encounter=call.inputs.text("encounter"),
        practitioner=practitioner if practitioner and practitioner.startswith(_PERSONS) else None,
        organization=call.inputs.text("organization"),
        variables=context,
        received={**data.as_received, **_sent_resources(call)},
        strict=True,
    )
    return evaluators, circumstances


def _sent_resources(call: OperationCall) -> dict[str, dict[str, Any]]:
    """Return the resources that came as parameters of the logic, such as draft orders, by `Type/id`, as they came."""
    listed = (object_at(one, "resource") for one in objects_at(call.inputs.one("parameters"), "parameter"))
    return {literal: dict(one) for one in listed if (literal := literal_of(one))}


def _together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one result, or several as the `return` parameters of the operation (PD-003, PD-009)."""
    if len(results) == 1:
        return results[0]
    returned = [{"name": "return", "resource": result} for result in results]
    return {"resourceType": "Parameters", "parameter": returned}


OPERATIONS = (
    Operation(
        resource_type="PlanDefinition",
        name="apply",
        definition="http://hl7.org/fhir/OperationDefinition/PlanDefinition-apply",
        parameters=(
            Parameter("planDefinition", "PlanDefinition"),
            *_COMMON,
            Parameter("mergeNestedCarePlans", "boolean"),
            Parameter("resultForm", "code"),
        ),
        inline=frozenset({"planDefinition", "url", "version"}),
        answer=apply_plan,
    ),
    Operation(
        resource_type="PlanDefinition",
        name="data-requirements",
        definition="http://hl7.org/fhir/OperationDefinition/PlanDefinition-data-requirements",
        parameters=_NAMED,
        inline=frozenset({"url", "version"}),
        answer=plan_requirements,
    ),
    Operation(
        resource_type="ActivityDefinition",
        name="apply",
        definition="http://hl7.org/fhir/OperationDefinition/ActivityDefinition-apply",
        parameters=(Parameter("activityDefinition", "ActivityDefinition"), *_COMMON),
        inline=frozenset({"activityDefinition", "url", "version"}),
        answer=apply_one_activity,
    ),
    Operation(
        resource_type="ActivityDefinition",
        name="data-requirements",
        definition="http://hl7.org/fhir/OperationDefinition/ActivityDefinition-data-requirements",
        parameters=_NAMED,
        inline=frozenset({"url", "version"}),
        answer=activity_requirements,
    ),
)
