"""ValueSet/$expand, ValueSet/$validate-code and ConceptMap/$translate over the terminology that is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds.errors import BadRequest, NotFound
from cds.fhir.elements import codings_of
from cds.terminology.concept_maps import ConceptMaps
from cds.terminology.operations import CannotExpand, expand, translate, validate_code
from cds.terminology.value_sets import ValueSets
from cds.web.fhir_operations.inputs import Parameter
from cds.web.fhir_operations.knowledge_artifact import sent_artifact
from cds.web.fhir_operations.operation import CannotProcess, NotSupported, Operation, OperationCall

_CONCEPT = (
    Parameter("code", "code"),
    Parameter("system", "uri"),
    Parameter("coding", "Coding"),
    Parameter("codeableConcept", "CodeableConcept"),
)
Place = tuple[ValueSets, str, str | None]


async def expand_value_set(call: OperationCall) -> dict[str, Any]:
    """Answer ValueSet/$expand: all codes, or those whose display or code contains `filter`, page by page."""
    value_sets, url, version = await _value_set(call)
    try:
        expanded = expand(value_sets, url, version, now=call.world.clock())
    except CannotExpand as error:
        raise CannotProcess(str(error), expression="url") from None
    wanted = (call.inputs.text("filter") or "").casefold()
    expansion: dict[str, Any] = expanded["expansion"]
    found = [one for one in expansion["contains"] if wanted in f"{one['code']} {one.get('display', '')}".casefold()]
    offset, count = call.inputs.one("offset") or 0, call.inputs.one("count")
    page = found[offset:] if count is None else found[offset : offset + count]
    expansion |= {"total": len(found), "offset": offset, "contains": page}
    if not page:
        del expansion["contains"]
    return expanded


async def validate_in_value_set(call: OperationCall) -> dict[str, Any]:
    """Answer ValueSet/$validate-code; a concept is in the value set when one of its codings is."""
    value_sets, url, version = await _value_set(call)
    answers = []
    for system, code in _codes(call):
        answer = validate_code(value_sets, url, code, system, version=version)
        answers.append(answer)
        if answer.result:
            break
    chosen = next((one for one in answers if one.result), None) or next(
        (one for one in answers if one.result is None), answers[0]
    )
    if chosen.result is None:
        raise CannotProcess(str(chosen.message), expression="url")
    listed: list[dict[str, Any]] = [{"name": "result", "valueBoolean": chosen.result}]
    if chosen.message:
        listed.append({"name": "message", "valueString": chosen.message})
    if chosen.display:
        listed.append({"name": "display", "valueString": chosen.display})
    return {"resourceType": "Parameters", "parameter": listed}


async def translate_concept(call: OperationCall) -> dict[str, Any]:
    """Answer ConceptMap/$translate: by one map, else by all that are loaded."""
    if call.inputs.one("reverse"):
        msg = "reverse translation is not supported"
        raise NotSupported(msg, expression="reverse")
    maps = await _concept_maps(call)
    target = call.inputs.text("targetsystem")
    answers = [translate(maps, system or "", code, target=target) for system, code in _codes(call)]
    matches = [one for answer in answers for one in answer["parameter"] if one["name"] == "match"]
    found = any(one["name"] == "result" and one["valueBoolean"] for answer in answers for one in answer["parameter"])
    result: dict[str, Any] = {"name": "result", "valueBoolean": found}
    return {"resourceType": "Parameters", "parameter": [result, *matches]}


async def _value_set(call: OperationCall) -> Place:
    """Return the value sets to ask, and url and version of the one meant; raises `NotFound`."""
    knowledge = call.world.knowledge
    if call.instance is not None:
        return knowledge.value_sets, call.instance.url or "", call.instance.version
    if "valueSet" in call.inputs:
        artifact = await sent_artifact(call, "valueSet", url="urn:sent")
        loaded = (one.resource for one in knowledge.content.shelf.of_type("ValueSet", "CodeSystem"))
        return ValueSets([*loaded, artifact.resource]), artifact.url or "", artifact.version
    url, version = str(call.inputs.required("url", "valueSet")), call.inputs.text("valueSetVersion")
    if knowledge.value_sets.find(url, version) is None:
        msg = "there is no ValueSet with this url and version"
        raise NotFound(msg, expression="url")
    return knowledge.value_sets, url.partition("|")[0], version or url.partition("|")[2] or None


async def _concept_maps(call: OperationCall) -> ConceptMaps:
    if call.instance is not None:
        return ConceptMaps([call.instance.resource])
    if "conceptMap" in call.inputs:
        return ConceptMaps([(await sent_artifact(call, "conceptMap")).resource])
    url = call.inputs.text("url")
    if url is None:
        return call.world.knowledge.mappings.concept_maps
    version = call.inputs.text("conceptMapVersion")
    found = call.world.knowledge.content.shelf.find(f"{url}|{version}" if version else url, "ConceptMap")
    if found is None:
        msg = "there is no ConceptMap with this url and version"
        raise NotFound(msg, expression="url")
    return ConceptMaps([found.resource])


def _codes(call: OperationCall) -> list[tuple[str | None, str]]:
    """Return (system, code) of what is asked about."""
    codes = list(_given_codes(call))
    if not codes:
        msg = "say which code is meant: code and system, coding, or codeableConcept"
        raise BadRequest(msg, expression="code")
    return codes


def _given_codes(call: OperationCall) -> Iterator[tuple[str | None, str]]:
    if "code" in call.inputs:
        yield call.inputs.text("system"), str(call.inputs.text("code"))
    for name in ("coding", "codeableConcept"):
        for coding in codings_of(call.inputs.one(name)):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(code, str) and isinstance(system, str | None):
                yield system, code


OPERATIONS = (
    Operation(
        resource_type="ValueSet",
        name="expand",
        definition="http://hl7.org/fhir/OperationDefinition/ValueSet-expand",
        parameters=(
            Parameter("url", "uri"),
            Parameter("valueSet", "ValueSet"),
            Parameter("valueSetVersion", "string"),
            Parameter("filter", "string"),
            Parameter("offset", "integer"),
            Parameter("count", "integer"),
        ),
        inline=frozenset({"url", "valueSet", "valueSetVersion"}),
        answer=expand_value_set,
    ),
    Operation(
        resource_type="ValueSet",
        name="validate-code",
        definition="http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code",
        parameters=(
            Parameter("url", "uri"),
            Parameter("valueSet", "ValueSet"),
            Parameter("valueSetVersion", "string"),
            Parameter("display", "string"),
            *_CONCEPT,
        ),
        inline=frozenset({"url", "valueSet", "valueSetVersion"}),
        answer=validate_in_value_set,
    ),
    Operation(
        resource_type="ConceptMap",
        name="translate",
        definition="http://hl7.org/fhir/OperationDefinition/ConceptMap-translate",
        parameters=(
            Parameter("url", "uri"),
            Parameter("conceptMap", "ConceptMap"),
            Parameter("conceptMapVersion", "string"),
            Parameter("targetsystem", "uri"),
            Parameter("reverse", "boolean"),
            *_CONCEPT,
        ),
        inline=frozenset({"url", "conceptMap", "conceptMapVersion"}),
        answer=translate_concept,
    ),
)
