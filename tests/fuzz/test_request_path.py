"""What once made the path of a request fail, whole requests, and some damage to them: an answer or a refusal.

`make fuzz` runs 100,000 inputs, guided by coverage; what it finds is kept in tests/corpus/request_path.
"""

from __future__ import annotations

import json
import os
import random

import pytest

from tools.fuzz.mutations import mutate_json
from tools.fuzz.request_path import CORPUS, answer, seeds

COUNT = int(os.environ.get("FUZZ_CASES", "600"))


@pytest.fixture(scope="module")
def whole_requests() -> list[bytes]:
    return seeds()


@pytest.mark.parametrize("found", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_what_once_made_it_fail_is_answered_or_refused(found):
    assert answer(found.read_bytes())


def test_whole_requests_are_answered(whole_requests):
    assert {answer(body) for body in whole_requests} == {"answered"}


def test_damaged_requests_are_answered_or_refused(whole_requests):
    outcomes = set()
    for number in range(COUNT):
        chance = random.Random(number)
        document = mutate_json(json.loads(chance.choice(whole_requests)), chance, elm=False)
        outcomes.add(answer(json.dumps(document).encode()))
    assert {"answered", "BadRequest", "PreconditionFailed"} <= outcomes


def test_a_number_beyond_64_bits_is_read_and_written_again():
    from cds.fhir.json import dumps, loads

    text = b'{"value":' + str(2**70).encode() + b"}"
    assert dumps(loads(text)) == text
