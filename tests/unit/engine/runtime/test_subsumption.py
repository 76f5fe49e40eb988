"""Subsumes and SubsumedBy: what the terminology knows, and null where it knows nothing."""

from __future__ import annotations

import pytest

from cds.engine import Engine
from cds.engine.run import Run
from cds.engine.runtime.subsumption import subsumed_by, subsumes
from cds.engine.runtime.values import Code, Concept
from tests.unit.engine.conftest import NOW, SNOMED

LEUKAEMIA, BLOOD, ASTHMA, UNKNOWN = (Code(code, SNOMED) for code in ("leukaemia", "blood", "asthma", "unknown"))


class Hierarchy:
    """A code system of three codes; leukaemia lies below blood."""

    def subsumes(self, system, ancestor, descendant):
        if system != SNOMED or UNKNOWN.code in (ancestor, descendant):
            return None
        return (ancestor, descendant) == (BLOOD.code, LEUKAEMIA.code)

    def codes(self, url, version):
        return None


RUN = Run(now=None, value_sets=Hierarchy())


@pytest.mark.parametrize(
    ("ancestor", "descendant", "answer"),
    [
        (BLOOD, LEUKAEMIA, True),
        (LEUKAEMIA, BLOOD, False),
        (ASTHMA, LEUKAEMIA, False),
        (BLOOD, Code("blood", SNOMED, display="Disorder of blood"), True),
        (UNKNOWN, UNKNOWN, True),
        (UNKNOWN, LEUKAEMIA, None),
        (BLOOD, Code("leukaemia", "urn:other"), None),
        (Code("blood"), LEUKAEMIA, None),
        (None, LEUKAEMIA, None),
        (BLOOD, None, None),
        (Concept((ASTHMA, BLOOD)), LEUKAEMIA, True),
        (Concept((UNKNOWN, BLOOD)), Concept((LEUKAEMIA,)), True),
        (Concept((UNKNOWN, ASTHMA)), LEUKAEMIA, None),
        (Concept((ASTHMA,)), Concept((LEUKAEMIA, BLOOD)), False),
        (Concept(()), LEUKAEMIA, None),
    ],
)
def test_a_code_subsumes_itself_and_what_lies_below_it(ancestor, descendant, answer):
    assert subsumes(RUN, ancestor, descendant) is answer
    assert subsumed_by(RUN, descendant, ancestor) is answer


def test_without_a_terminology_that_knows_hierarchies_the_answer_is_unknown_and_not_false():
    assert subsumes(Run(now=None), BLOOD, LEUKAEMIA) is None


def named(name):
    return {"type": "CodeRef", "name": name}


@pytest.mark.parametrize("form", ["operator", "function"])
def test_the_operator_is_there_as_the_translator_writes_it(form):
    expressions = {
        name: {"type": name, "operand": [named("Blood"), named("Leukaemia")]}
        if form == "operator"
        else {"type": "FunctionRef", "name": name, "operand": [named("Blood"), named("Leukaemia")]}
        for name in ("Subsumes", "SubsumedBy")
    }
    statements = [{"name": name, "context": "Patient", "expression": one} for name, one in expressions.items()]
    library = {
        "identifier": {"id": "Kinds"},
        "usings": {"def": [{"localIdentifier": "FHIR", "uri": "http://hl7.org/fhir", "version": "4.0.1"}]},
        "codeSystems": {"def": [{"name": "S", "id": SNOMED}]},
        "codes": {
            "def": [
                {"name": "Blood", "id": "blood", "codeSystem": {"name": "S"}},
                {"name": "Leukaemia", "id": "leukaemia", "codeSystem": {"name": "S"}},
            ]
        },
        "statements": {"def": statements},
    }
    session = Engine([{"library": library}], value_sets=Hierarchy()).session([], now=NOW)
    assert session.evaluate("Kinds", "Subsumes") is True
    assert session.evaluate("Kinds", "SubsumedBy") is False
