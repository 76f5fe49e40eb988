"""schemathesis makes requests of our OpenAPI document, good and bad ones: none of them is a 500 or breaks a promise."""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from cds.web.fhir_operations.routes import OPERATIONS as FHIR_OPERATIONS
from tests.server.conftest import running

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "100"))
HOOKS = ("POST /cds-services/{service_id}", "POST /cds-services/{service_id}/feedback")
FHIR = (
    "GET /fhir/{resource_type}",
    "GET /fhir/{resource_type}/{identity}",
    "GET /fhir/{resource_type}/${name}",
    "POST /fhir/{resource_type}/${name}",
    "GET /fhir/{resource_type}/{identity}/${name}",
    "POST /fhir/{resource_type}/{identity}/${name}",
)
SERVICES = ("nl-lenalidomide-order-select", "nl-lenalidomide-order-sign", "nl-lenalidomide-patient-view")
GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def operations():
    """The operations of a running server, by method and path."""
    with running(guidelines=("nl-lenalidomide",)) as server:
        document = schemathesis.openapi.from_url(f"{server.settings.public_url}/openapi.json")
        yield {operation.label: operation for operation in (each.ok() for each in document.get_all_operations())}


def test_the_document_describes_every_operation_that_is_tested_here(operations):
    assert {*HOOKS, *FHIR, "GET /cds-services"} <= set(operations)


@pytest.mark.parametrize(
    ("label", "mode"), [*((label, mode) for label in HOOKS for mode in (GOOD, BAD)), *((label, GOOD) for label in FHIR)]
)
def test_no_request_makes_the_server_fail(operations, label, mode):
    checks = [not_a_server_error]
    if label in HOOKS:
        checks += [content_type_conformance, status_code_conformance]

    places = st.fixed_dictionaries(
        {
            "service_id": st.sampled_from(SERVICES),
            "resource_type": st.sampled_from(sorted({resource_type for resource_type, _ in FHIR_OPERATIONS})),
            "identity": st.sampled_from(["nl-lenalidomide", "LenalidomideKidney", "creatinine", "%2e", "x" * 64]),
            "name": st.sampled_from(sorted({name for _, name in FHIR_OPERATIONS})),
        }
    )

    @given(case=operations[label].as_strategy(generation_mode=mode), place=places)
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case, place):
        # Names that exist: a made-up service is a 404 before anything is read.
        case.path_parameters = {name: place[name] for name in case.path_parameters}
        case.validate_response(case.call(), checks=checks)

    check()
