"""HL7's FHIRPath suite for FHIR R4 (FHIR/fhir-test-cases, r4/fhirpath/tests-fhir-r4.xml), every test of it.

The suite is read from `third-party/fhirpath` of the folder that CDS_SHARED names, or of `../shared`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from cds.engine.errors import EngineError
from cds.engine.fhirpath import fhirpath
from cds.engine.fhirpath.functions.conversion import to_string
from cds.engine.model import r4
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Quantity

pytestmark = pytest.mark.conformance

SHARED = Path(os.environ.get("CDS_SHARED", Path(__file__).parents[2].parent / "shared"))
SUITE = SHARED / "third-party" / "fhirpath"
NOW = dt.datetime(2026, 3, 2, 10, 0, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))

DIFFERS = {
    "testDollar/5-testDollarOrderNotAllowed": "that children() has no order and may not be skipped over is left to the"
    " implementation ('may decide to return an error', Collections); here the order is that of the type's elements",
    "testPlus/23-testPlusDate19": "0.1 's' is added: 'the decimal portion is only applied for second or millisecond"
    " precisions', and the specification's own example adds 42.53 seconds (Date/Time Arithmetic)",
    "HighBoundary/21-HighBoundaryDateTimeMillisecond1": "the last instant of 08h is 08:59:59.999, as the"
    " specification's own example of highBoundary has it; the test fills the minutes with 00",
    "HighBoundary/23-HighBoundaryDateTimeMillisecond3": "the same expression again",
}
"""Tests that do not pass, each with its reason. One that passes although it is listed fails, too."""


def read_suite():
    if not SUITE.exists():
        return []
    tests = []
    for group in ET.parse(SUITE / "tests-fhir-r4.xml").getroot().iter("group"):
        for position, test in enumerate(group.findall("test")):
            tests.append(pytest.param(test, id=f"{group.get('name')}/{position + 1}-{test.get('name')}"))
    return tests


TESTS = read_suite()


@pytest.mark.skipif(not TESTS, reason="the public FHIRPath suite is not at hand (CDS_SHARED)")
def test_the_suite_has_935_tests():
    assert len(TESTS) == 935
    assert set(DIFFERS) <= {param.id for param in TESTS}


@pytest.mark.parametrize("test", TESTS)
def test_suite(test, request):
    name = request.node.callspec.id
    complaint = judge(test)
    if name in DIFFERS:
        assert complaint is not None, "passes now: take it off the list"
    else:
        assert complaint is None, complaint


def judge(test):
    """Say what is wrong; None if the test passes."""
    expression = test.find("expression")
    invalid = expression.get("invalid")
    text = expression.text or ""
    resource = read_input(test.get("inputfile"))
    try:
        parsed = fhirpath(text)
        if test.get("predicate") == "true":
            found = [parsed.evaluate_boolean(resource, now=NOW)]
        else:
            found = parsed.evaluate_values(resource, now=NOW)
    except EngineError as error:
        return None if invalid else f"{text}\nraised {type(error).__name__}: {error}"
    outputs = [(output.get("type"), output.text or "") for output in test.findall("output")]
    if invalid:
        return f"{text}\nshould be an error ({invalid}), gave {found}"
    rest = list(found)
    ordered = test.get("ordered") != "false"
    for kind, expected in outputs:
        candidates = rest[:1] if ordered else rest
        match = next((index for index, value in enumerate(candidates) if same(kind, expected, value)), None)
        if match is None:
            return f"{text}\nexpected {outputs}, gave {found}"
        del rest[match]
    return f"{text}\nexpected {outputs}, gave {found}" if rest else None


def same(kind, expected, value):
    expected = expected.strip() if kind != "string" else expected
    if isinstance(value, bool):
        return expected == str(value).lower()
    if isinstance(value, int | Decimal):
        try:
            return Decimal(expected) == Decimal(value)
        except ArithmeticError:
            return False
    if isinstance(value, Date):
        return expected == f"@{value}" or expected == str(value)
    if isinstance(value, DateTime):
        return expected.rstrip("T").replace("Z", "+00:00") in (f"@{value}", str(value))
    if isinstance(value, Time):
        return expected in (f"@T{value}", f"T{value}")
    if isinstance(value, Quantity):
        number, _, unit = expected.partition(" ")
        return Decimal(number) == value.value and unit.strip("'") == value.unit
    return expected == (value if isinstance(value, str) else to_string(value))


@cache
def read_input(name):
    if name is None:
        return None
    path = SUITE / name
    if path.suffix == ".json":
        return json.loads(path.read_text())
    return read_resource(ET.parse(path).getroot())


def read_resource(element):
    type_name = tag_of(element)
    return {"resourceType": type_name, **read_members(element, type_name)}


def read_members(element, type_name):
    """The children of an XML element as JSON members, by the model's types."""
    members = {}
    if element.get("id"):
        members["id"] = element.get("id")
    if type_name == "Extension":
        members["url"] = element.get("url")
    for child in element:
        name, child_type, is_list = member_of(type_name, tag_of(child))
        value, extra = read_value(child, child_type)
        for key, part in ((name, value), (f"_{name}", extra)):
            if is_list:
                if part is not None or f"_{name}" in members or key == name:
                    members.setdefault(key, [])
                if key in members:
                    length = max(len(members.get(name, [])), len(members.get(f"_{name}", [])))
                    members[key] += [None] * (length - len(members[key]) - (key != name))
                    members[key].append(part)
            elif part is not None:
                members[key] = part
    return members


def member_of(type_name, tag):
    found = r4.elements(type_name).get(tag)
    if found is not None and not found.is_choice:
        return tag, found.types[0], found.is_list
    for name, element in r4.elements(type_name).items():
        for choice, key in r4.choice_names(type_name, name).items() if element.is_choice else ():
            if key == tag:
                return tag, choice, False
    raise AssertionError(f"{type_name} has no {tag}")


def read_value(element, type_name):
    if type_name == "xhtml":
        return ET.tostring(element, encoding="unicode"), None
    if type_name == "Resource":
        return read_resource(element[0]), None
    if not r4.is_primitive(type_name):
        return read_members(element, type_name), None
    extra = read_members(element, "Element") or None
    text = element.get("value")
    if text is None:
        return None, extra
    kind = r4.system_type(type_name)
    value = {"Boolean": lambda t: t == "true", "Integer": int, "Decimal": float}.get(kind, str)(text)
    return value, extra


def tag_of(element):
    return re.sub(r"\{.*\}", "", element.tag)
