"""Compiled libraries outlive a process: code from a store answers as code just compiled, and is of the same text."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cds.engine import Engine, EvaluationError, LibrarySource, UnsupportedError, to_json
from cds.engine.elm import compile as elm_compile
from cds.engine.elm.document import read_library
from tests.unit.engine.conftest import NOW, SNOMED, ValueSets, elm, observation
from tests.unit.memory_cache import MemoryCache

RESOURCES = [
    {"resourceType": "Patient", "id": "p1", "birthDate": "1950-06-15"},
    observation("new", "2160-0", "2026-01-01", 200),
    {"resourceType": "Condition", "id": "c1", "code": {"coding": [{"system": SNOMED, "code": "44054006"}]}},
]


@pytest.fixture(autouse=True)
def next_process(monkeypatch):
    """Return what makes this process forget what it compiled, as a new one has."""

    def forget():
        monkeypatch.setattr(elm_compile, "_cache", type(elm_compile._cache)())

    forget()
    return forget


class Sources:
    """Libraries as sources; `read` are the names of those whose document was asked for."""

    def __init__(self, *documents):
        self.documents = documents
        self.read = []

    def __iter__(self):
        for document in self.documents:
            parts = read_library(document)
            digest = json.dumps(document, sort_keys=True)
            yield LibrarySource(parts.name, digest, tuple(parts.includes.values()), lambda d=document: self._read(d))

    def _read(self, document):
        self.read.append(document["library"]["identifier"]["id"])
        return document


def libraries():
    return Sources(elm("Common"), elm("Guide"), elm("User"))


def engine(sources, store, explain="either"):
    return Engine(sources, value_sets=ValueSets(), store=store, explain=explain)


def answers(made):
    """Evaluate every definition that stands alone: its value or its error with the place, and the evidence."""
    session = made.session(RESOURCES, now=NOW, explain=True)
    found = {}
    for library in made.libraries:
        for definition in made.definitions(library):
            try:
                value = to_json(session.evaluate(library, definition.name))
            except EvaluationError as error:
                value = str(error)
            found[library, definition.name] = (value, session.evidence(library, definition.name))
    return found


def test_code_from_the_store_answers_as_code_that_was_just_compiled(next_process):
    store, first = MemoryCache(), libraries()
    compiled = answers(engine(first, store))
    assert sorted(first.read) == ["Common", "Guide", "User"]
    assert len(store) == 3
    next_process()
    again = libraries()
    stored = engine(again, store)
    assert answers(stored) == compiled
    assert again.read == []
    assert stored.retrieves("Guide", "Latest eGFR") == engine(libraries(), None).retrieves("Guide", "Latest eGFR")


def test_a_changed_library_is_compiled_again_with_those_that_include_it(next_process):
    store = MemoryCache()
    engine(libraries(), store)
    next_process()
    changed = elm("Common")
    changed["library"]["annotation"] = [{"type": "Annotation", "note": "another text"}]
    sources = Sources(changed, elm("Guide"), elm("User"))
    engine(sources, store)
    assert sources.read == ["Common", "User"]


def test_a_store_without_the_variant_asked_for_is_no_store(next_process):
    store = MemoryCache()
    engine(libraries(), store, explain="never")
    next_process()
    sources = libraries()
    made = engine(sources, store, explain="always")
    assert sorted(sources.read) == ["Common", "Guide", "User"]
    assert made.session(RESOURCES, now=NOW, explain=True).evidence("User", "High creatinine")


def test_a_library_given_twice_is_refused_from_the_store_too(next_process):
    store = MemoryCache()
    engine(libraries(), store)
    next_process()
    with pytest.raises(UnsupportedError, match="given twice"):
        engine(Sources(elm("Common"), elm("Common")), store)


def test_what_does_not_compile_is_not_stored():
    broken = elm("Common")
    broken["library"]["statements"]["def"].append(
        {"name": "Broken", "context": "Patient", "expression": {"type": "NoSuchOperator"}}
    )
    store = MemoryCache()
    with pytest.raises(UnsupportedError, match="NoSuchOperator"):
        engine(Sources(broken), store)
    assert not store


def test_the_clock_is_not_stored(next_process):
    store = MemoryCache()
    before = engine(libraries(), store).session(RESOURCES, now=NOW).evaluate("User", "Age")
    next_process()
    later = datetime(NOW.year + 1, NOW.month, NOW.day, tzinfo=UTC)
    assert engine(libraries(), store).session(RESOURCES, now=later).evaluate("User", "Age") == before + 1
