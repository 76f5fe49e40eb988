"""A FHIR server written by others, once for all tests of this folder, and what its use took.

`TEST_FHIR_SERVER` names one that is running already, such as a container; else HAPI is started. The tests write
synthetic patients into it and leave them there. `TEST_CASES=all` takes every content case, and not only those that
represent each recommendation at each of its hooks; the name of a file, such as
`nl-lenalidomide/tests/fl-max-12-cycles.json`, takes those in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds.knowledge import Knowledge
from cds.tester.runner import knowledge_with_drafts
from tests.integration.hapi.case_data import (
    NumberedCase,
    Written,
    distinct_data,
    numbered_cases,
    representative,
    write_cases,
)
from tools.hapi import server as hapi

ROOT = Path(__file__).parents[3]
CONTENT = [ROOT / "plan_definitions", ROOT / "fhir_mappings"]
FIGURES: dict[str, str] = {}


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory) -> Iterator[str]:
    """The base URL of the server."""
    given = os.environ.get("TEST_FHIR_SERVER")
    if given:
        yield given.rstrip("/")
        return
    with hapi.running(tmp_path_factory.mktemp("hapi") / "log") as started:
        FIGURES["HAPI, build"] = f"{started.build_seconds:.0f} s"
        FIGURES["HAPI, start"] = f"{started.start_seconds:.0f} s"
        yield started.base_url


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return knowledge_with_drafts(CONTENT)


@pytest.fixture(scope="session")
def cases() -> list[NumberedCase]:
    """The cases of the run: a choice that represents all, or all of them."""
    every = numbered_cases(CONTENT)
    wanted = os.environ.get("TEST_CASES", "")
    chosen = [case for case in every if wanted in ("all", case.case.file)] if wanted else representative(every)
    FIGURES["cases"] = f"{len(chosen)} of {len(every)}, about {len(distinct_data(chosen))} patients"
    return chosen


@pytest.fixture(scope="session")
def written(fhir_server, cases) -> Written:
    """What became of the data of every case on the server."""
    begin = time.monotonic()
    written = write_cases(fhir_server, cases)
    seconds = time.monotonic() - begin
    FIGURES["cases, writing their data"] = f"{written.resources} resources in {seconds:.0f} s"
    return written


@pytest.fixture(scope="session")
def figures() -> dict[str, str]:
    """What a test measured, printed at the end of the run."""
    return FIGURES


def pytest_terminal_summary(terminalreporter) -> None:
    if FIGURES:
        terminalreporter.section("figures")
        for name, value in FIGURES.items():
            terminalreporter.write_line(f"{name}: {value}")
