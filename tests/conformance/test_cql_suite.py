"""HL7's CQL suite passes, but for the tests whose reason is written down (tools/conformance/cql_known.py)."""

import pytest

from cds.authoring.errors import AuthoringError
from tools.conformance.cql import PASS, run_suite, table
from tools.conformance.cql_known import KNOWN
from tools.conformance.cql_suite import suite_folder

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.reference,
    pytest.mark.skipif(not suite_folder().is_dir(), reason=f"the CQL suite is not at {suite_folder()}"),
]


@pytest.fixture(scope="module")
def verdicts():
    try:
        return run_suite()
    except AuthoringError as error:
        pytest.skip(f"the translator is not at hand: {error}")


def test_every_test_of_the_suite_passes_or_has_a_known_reason(verdicts):
    unexplained = [
        f"{verdict.test.key}: {verdict.seen}"
        for verdict in verdicts
        if verdict.kind != PASS and verdict.test.key not in KNOWN
    ]
    assert unexplained == [], f"{len(unexplained)} tests fail\n{table(verdicts)}"


def test_every_known_reason_is_still_needed(verdicts):
    passing = {verdict.test.key for verdict in verdicts if verdict.kind == PASS}
    assert sorted(passing & KNOWN.keys()) == []


def test_the_whole_suite_was_read(verdicts):
    assert len(verdicts) == 1823
