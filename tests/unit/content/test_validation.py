"""A file is judged once: what was found valid before is not judged again, and nothing else is taken for valid."""

from __future__ import annotations

import json

import pytest

from cds.cache import NO_CACHE
from cds.content import loader
from cds.content.loader import read_contents
from tests.unit.memory_cache import MemoryCache

PLAN = {"resourceType": "PlanDefinition", "id": "one", "status": "active"}


@pytest.fixture
def judged(monkeypatch):
    """The ids of the resources that are judged."""
    ids = []

    def validate(artifact):
        ids.append(artifact.id)
        return judge(artifact)

    judge = loader.validate
    monkeypatch.setattr(loader, "validate", validate)
    return ids


def write(folder, *resources):
    for resource in resources:
        (folder / f"{resource['id']}.json").write_text(json.dumps(resource))


def read(folder, cache):
    (reading,) = read_contents([folder], cache)
    return sorted(artifact.id for artifact in reading.artifacts), [str(problem) for problem in reading.problems]


def test_a_file_found_valid_is_not_judged_again(tmp_path, judged):
    write(tmp_path, PLAN, PLAN | {"id": "two"})
    cache = MemoryCache()
    assert read(tmp_path, cache) == read(tmp_path, cache) == (["one", "two"], [])
    assert judged == ["one", "two"]


def test_a_file_that_changed_is_judged_again_and_the_others_are_not(tmp_path, judged):
    write(tmp_path, PLAN, PLAN | {"id": "two"})
    cache = MemoryCache()
    read(tmp_path, cache)
    write(tmp_path, PLAN | {"status": "activ"})
    assert read(tmp_path, cache)[0] == ["two"]
    assert judged == ["one", "two", "one"]
    write(tmp_path, PLAN)
    assert read(tmp_path, cache) == (["one", "two"], [])
    assert judged == ["one", "two", "one"]


def test_a_file_that_is_not_valid_is_judged_and_told_each_time(tmp_path, judged):
    write(tmp_path, PLAN | {"status": "activ"}, PLAN | {"id": "two"})
    bundle = {"resourceType": "Bundle", "id": "three", "type": "collection", "entry": [{"resource": PLAN}]}
    bundle["entry"].append({"resource": PLAN | {"colour": "red"}})
    write(tmp_path, bundle)
    cache = MemoryCache()
    first = read(tmp_path, cache)
    assert len(first[1]) == 2
    assert read(tmp_path, cache) == first
    assert judged == ["one", "one", "one", "two", "one", "one", "one"]


def test_without_a_cache_every_file_is_judged_each_time(tmp_path, judged):
    write(tmp_path, PLAN)
    assert read(tmp_path, NO_CACHE) == read(tmp_path, NO_CACHE) == (["one"], [])
    assert judged == ["one", "one"]
