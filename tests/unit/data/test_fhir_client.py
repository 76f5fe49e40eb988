"""Reads and searches: pages, strictness, addresses, deadlines; a failure is an error and never an empty list."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable

import httpx
import pytest

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.fhir_client import FHIRClient, FHIRServers
from cds.data.fhir_paging import PagingLimits
from cds.data.fhir_servers import AllowedServers, BaseURL
from cds.data.fhir_transport import FHIRTransport
from cds.data.gather import gather_patient_data
from cds.fhir.json import dumps
from cds.sandbox.server import SandboxServer
from cds.sandbox.store import FHIRStore
from tests.unit.data.small_guideline import NOW, everything, hook_request, prefetch_of, requirements

BASE = "https://ehr.example/fhir"
QUERY = "Observation?patient=p1&code=http://loinc.org|2160-0"


class Server:
    """An EHR played by a function, with a log of what it was asked."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answer(request)
        return await answer if asyncio.iscoroutine(answer) else answer

    def servers(self, limits: PagingLimits | None = None) -> FHIRServers:
        transport = FHIRTransport(httpx.AsyncClient(transport=httpx.MockTransport(self.handle)))
        return FHIRServers(AllowedServers([BASE]), transport, limits)

    def run(self, action, *, seconds: float = 5, limits: PagingLimits | None = None):
        async def go():
            servers = self.servers(limits)
            authorization = {"access_token": "secret", "token_type": "Bearer", "expires_in": 60}
            request = hook_request(fhirServer=BASE, fhirAuthorization=authorization)
            client = servers.reader_for(request, seconds=seconds)
            try:
                return await action(client)
            finally:
                await servers.aclose()

        return asyncio.run(go())

    def search(self, query: str = QUERY, **more):
        return self.run(lambda client: client.search(query), **more)

    def fault(self, query: str = QUERY, **more) -> FHIRServerFault:
        with pytest.raises(FHIRServerError) as error:
            self.search(query, **more)
        return error.value.kind


def sandbox(store: FHIRStore) -> Server:
    server = SandboxServer(store)

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/fhir/")
        query = request.url.query.decode()
        result = server.handle(request.method, path, query, prefer=request.headers.get("prefer", ""))
        return httpx.Response(result.status, headers=result.headers, content=dumps(result.body))

    return Server(answer)


def page(*ids: str, next_link: str | None = None, **more) -> httpx.Response:
    subject = {"reference": "Patient/p1"}
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": {"resourceType": "Observation", "id": each, "subject": subject}} for each in ids],
        "link": [{"relation": "next", "url": next_link}] if next_link else [],
        **more,
    }
    return httpx.Response(200, json=bundle)


@pytest.fixture
def store() -> FHIRStore:
    return FHIRStore(everything(), base_url=BASE, clock=lambda: NOW)


class TestReading:
    def test_a_search_gives_matches_and_includes(self, store):
        found = sandbox(store).search("MedicationRequest?patient=p1&_include=MedicationRequest:medication")
        assert {resource["resourceType"] for resource in found} == {"MedicationRequest", "Medication"}

    def test_a_read_gives_the_resource(self, store):
        patient = sandbox(store).run(lambda client: client.read("Patient", "p1"))
        assert patient["birthDate"] == "1950-01-01"

    def test_no_match_is_an_empty_list(self, store):
        assert sandbox(store).search("Observation?patient=p1&code=http://loinc.org|nothing") == []

    def test_the_token_and_strictness_go_out_with_every_request(self, store):
        server = sandbox(store)
        server.search(f"{QUERY}&_count=1")
        assert {request.headers["authorization"] for request in server.requests} == {"Bearer secret"}
        assert {request.headers["prefer"] for request in server.requests} == {"handling=strict"}

    def test_no_answer_may_come_from_a_cache(self, store):
        server = sandbox(store)
        server.search(f"{QUERY}&_count=1")
        server.run(lambda client: client.read("Patient", "p1"))
        assert {request.headers["cache-control"] for request in server.requests} == {"no-cache"}

    def test_numbers_keep_their_digits(self, store):
        found = sandbox(store).search(QUERY)
        assert str(found[0]["valueQuantity"]["value"]) == "2.00"

    def test_a_code_with_odd_characters_arrives_whole(self, store):
        server = sandbox(store)
        server.search("Observation?patient=p1&code=urn:local|P%26K%20%C3%85")
        assert b"P%26K%20%C3%85" in server.requests[0].url.query

    def test_fhirpys_own_verbs_go_the_same_way(self, store):
        server = sandbox(store)

        async def by_fhirpy(client: FHIRClient):
            found = client.resources("Observation").search(patient="p1", code="http://loinc.org|2160-0")
            return await found.fetch()

        assert [each["id"] for each in server.run(by_fhirpy)] == ["crea-1"]
        assert server.requests[0].headers["authorization"] == "Bearer secret"

    def test_fhirpy_cannot_be_lured_to_another_server(self):
        server = Server(lambda request: page())
        with pytest.raises(FHIRServerError):
            server.run(lambda client: client.execute(f"https://evil.example/steal?x={BASE}", method="get"))
        assert server.requests == []


class TestPages:
    def test_all_pages_are_followed(self, store):
        server = sandbox(store)
        found = server.search("Observation?patient=p1&_count=1")
        assert [resource["id"] for resource in found] == ["crea-1", "crea-2", "plt-1"]
        assert len(server.requests) == 3

    @pytest.mark.parametrize(
        "link",
        [
            "https://evil.example/fhir?page=2",
            f"https://evil.example/?x={BASE}",
            "http://ehr.example/fhir?page=2",
            "https://ehr.example:8443/fhir?page=2",
            "https://ehr.example/fhirx?page=2",
            "https://ehr.example/fhir/../admin",
            "https://user@ehr.example/fhir?page=2",
            "//evil.example/fhir",
            "/admin",
        ],
    )
    def test_a_next_link_that_leads_elsewhere_is_not_followed(self, link):
        server = Server(lambda request: page("a", next_link=link))
        assert server.fault() is FHIRServerFault.INCOMPLETE
        assert len(server.requests) == 1

    def test_a_next_link_relative_to_the_base_is_followed(self):
        def answer(request):
            return page("b") if b"page=2" in request.url.query else page("a", next_link="Observation?page=2")

        assert [resource["id"] for resource in Server(answer).search()] == ["a", "b"]

    def test_pages_in_a_circle_are_an_error(self):
        server = Server(lambda request: page("a", next_link=f"{BASE}?page=2"))
        assert server.fault() is FHIRServerFault.INCOMPLETE
        assert len(server.requests) == 2

    def test_too_many_pages_are_an_error(self):
        numbers = iter(range(1000))
        server = Server(lambda request: page("a", next_link=f"{BASE}?page={next(numbers)}"))
        assert server.fault(limits=PagingLimits(max_pages=3)) is FHIRServerFault.INCOMPLETE
        assert len(server.requests) == 3

    @pytest.mark.parametrize(("total", "whole"), [(1, True), (2, False)])
    def test_a_total_beyond_what_came_means_that_something_is_missing(self, total, whole):
        server = Server(lambda request: page("a", total=total))
        if whole:
            assert len(server.search()) == 1
        else:
            assert server.fault() is FHIRServerFault.INCOMPLETE

    def test_a_total_that_is_no_number_says_nothing_of_what_is_missing(self):
        assert Server(lambda request: page("a", total="1")).fault() is FHIRServerFault.INVALID_ANSWER


class TestLyingServers:
    def test_a_self_link_without_the_patient_shows_that_the_patient_was_ignored(self):
        link = [{"relation": "self", "url": f"{BASE}/Observation?code=x"}]
        assert Server(lambda request: page("a", link=link)).fault() is FHIRServerFault.INVALID_ANSWER

    def test_a_self_link_of_the_servers_own_making_proves_nothing(self):
        link = [{"relation": "self", "url": f"{BASE}/Observation?_query=abc"}]
        assert len(Server(lambda request: page("a", link=link)).search()) == 1

    @pytest.mark.parametrize(("self_link", "accepted"), [("Observation?patient=p1", True), (None, False)])
    def test_a_server_that_refuses_strictness_must_prove_that_it_applied_the_patient(self, self_link, accepted):
        link = [{"relation": "self", "url": f"{BASE}/{self_link}"}] if self_link else []

        def answer(request):
            return httpx.Response(400) if "prefer" in request.headers else page("a", link=link)

        server = Server(answer)
        if accepted:
            assert len(server.search()) == 1
        else:
            assert server.fault() is FHIRServerFault.INVALID_ANSWER

    @pytest.mark.parametrize(
        "bundle",
        [
            {"resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "x"}]},
            {"resourceType": "Bundle", "type": "searchset", "entry": {}},
            {"resourceType": "Bundle", "type": "history"},
            {"resourceType": "Observation", "id": "x"},
            {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]},
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "entry": [{"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome"}}],
            },
            [],
            None,
        ],
    )
    def test_what_is_no_searchset_is_an_error(self, bundle):
        assert Server(lambda request: httpx.Response(200, json=bundle)).fault() is FHIRServerFault.INVALID_ANSWER

    def test_a_warning_beside_the_matches_is_no_error(self):
        outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}
        entry = [{"resource": outcome, "search": {"mode": "outcome"}}]
        assert Server(lambda request: page(entry=entry)).search() == []

    def test_another_resource_than_the_one_asked_for_is_an_error(self):
        server = Server(lambda request: httpx.Response(200, json={"resourceType": "Patient", "id": "p2"}))
        with pytest.raises(FHIRServerError) as error:
            server.run(lambda client: client.read("Patient", "p1"))
        assert error.value.kind is FHIRServerFault.INVALID_ANSWER


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (401, FHIRServerFault.AUTH),
            (403, FHIRServerFault.FORBIDDEN),
            (404, FHIRServerFault.ABSENT),
            (410, FHIRServerFault.ABSENT),
            (429, FHIRServerFault.RATE_LIMITED),
            (500, FHIRServerFault.UNAVAILABLE),
            (503, FHIRServerFault.UNAVAILABLE),
            (204, FHIRServerFault.INVALID_ANSWER),
            (302, FHIRServerFault.INVALID_ANSWER),
            (422, FHIRServerFault.INVALID_ANSWER),
        ],
    )
    def test_every_status_has_its_kind(self, status, kind):
        headers = {"location": "https://evil.example/"}
        server = Server(lambda request: httpx.Response(status, headers=headers, text="<html>name of a patient</html>"))
        assert server.fault() is kind
        assert len(server.requests) == 1

    def test_the_message_holds_nothing_of_the_answer(self):
        server = Server(lambda request: httpx.Response(500, text="canary"))
        with pytest.raises(FHIRServerError) as error:
            server.search()
        assert "canary" not in str(error.value)
        assert "secret" not in repr(error.value.__dict__)

    def test_html_with_status_200_is_an_error(self):
        assert Server(lambda request: httpx.Response(200, text="<html/>")).fault() is FHIRServerFault.INVALID_ANSWER

    def test_a_refused_connection_is_tried_once_more(self):
        failures = iter([httpx.ConnectError("no"), None])

        def answer(request):
            failure = next(failures)
            if failure:
                raise failure
            return page("a")

        assert len(Server(answer).search()) == 1

    def test_two_refused_connections_are_an_error(self):
        def answer(request):
            raise httpx.ConnectError("no")

        server = Server(answer)
        assert server.fault() is FHIRServerFault.UNAVAILABLE
        assert len(server.requests) == 2

    def test_the_deadline_counts_for_all_pages_together(self):
        async def slow(request):
            await asyncio.sleep(0.04)
            return page("a", next_link=f"{BASE}?page={len(server.requests)}")

        server = Server(slow)
        assert server.fault(seconds=0.1) is FHIRServerFault.DEADLINE
        assert len(server.requests) <= 3

    def test_a_body_beyond_the_cap_is_an_error(self):
        bomb = gzip.compress(b" " * 5_000_000)
        server = Server(lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, content=bomb))
        assert server.fault(limits=PagingLimits(max_bytes=1_000_000)) is FHIRServerFault.INCOMPLETE

    def test_after_429_the_server_is_left_alone(self):
        server = Server(lambda request: httpx.Response(429, headers={"retry-after": "30"}))

        async def twice(client):
            for _ in range(2):
                with pytest.raises(FHIRServerError, match="rate-limited"):
                    await client.search(QUERY)

        server.run(twice)
        assert len(server.requests) == 1


class TestReaderFor:
    def reader(self, **members):
        async def go():
            servers = Server(lambda request: page()).servers()
            return servers.reader_for(hook_request(**members), seconds=1)

        return asyncio.run(go())

    def test_a_server_that_is_not_listed_is_not_called(self):
        assert self.reader(fhirServer="https://ehr.example.evil.com/fhir") is None
        assert self.reader() is None

    def test_another_spelling_of_a_listed_server_is_the_listed_one(self):
        assert self.reader(fhirServer="https://EHR.example:443/fhir/").base_url == BASE

    @pytest.mark.parametrize("change", [{"expires_in": 0}, {"token_type": "mac"}])
    def test_a_token_that_cannot_be_used_opens_nothing(self, change):
        authorization = {"access_token": "secret", "token_type": "Bearer", "expires_in": 60, **change}
        assert self.reader(fhirServer=BASE, fhirAuthorization=authorization) is None

    def test_without_a_token_none_is_sent(self):
        assert "Authorization" not in self.reader(fhirServer=BASE)._build_request_headers()


def test_over_http_the_data_are_the_same_as_from_the_prefetch(store):
    async def by_http(client):
        return await gather_patient_data(requirements(), hook_request(fhirServer=BASE), client, None, now=NOW)

    over_http = sandbox(store).run(by_http)
    request = hook_request(prefetch_of(store))
    prefetched = asyncio.run(gather_patient_data(requirements(), request, None, None, now=NOW))
    assert over_http.resources == prefetched.resources


def test_few_searches_serve_many_keys(store):
    server = sandbox(store)

    async def by_http(client):
        return await gather_patient_data(requirements(), hook_request(), client, None, now=NOW)

    server.run(by_http)
    assert len([request for request in server.requests if "/Observation" in request.url.path]) == 1


def test_a_url_canonicalises_to_itself():
    assert str(BaseURL.parse("https://[2001:db8::1]:8443/fhir/")) == "https://[2001:db8::1]:8443/fhir"


@pytest.mark.parametrize(
    "query", ["../admin?patient=p1", "Observation/../Patient?x", "https://evil.example/Observation?x"]
)
def test_an_address_of_our_own_is_checked_like_any_other(query):
    server = Server(lambda request: page())
    assert server.fault(query) is FHIRServerFault.INVALID_ANSWER
    assert server.requests == []


def test_a_body_goes_out_as_fhir_json():
    server = Server(lambda request: page())
    server.run(lambda client: client.execute("Observation/$lastn", data={"resourceType": "Parameters"}))
    assert server.requests[0].method == "POST"
    assert server.requests[0].headers["content-type"] == "application/fhir+json"
    assert server.requests[0].content == b'{"resourceType":"Parameters"}'
