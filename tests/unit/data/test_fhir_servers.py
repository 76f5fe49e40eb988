"""Only the listed server, in any spelling, and nothing that merely looks like it (CH-083)."""

from __future__ import annotations

import pytest

from cds.data.fhir_servers import AllowedServers, BaseURL

LISTED = "https://ehr.example/fhir"


@pytest.mark.parametrize(
    "url", [LISTED, "https://ehr.example/fhir/", "https://EHR.EXAMPLE:443/fhir", "HTTPS://ehr.example/fhir"]
)
def test_the_listed_server_in_any_spelling_is_found(url):
    assert str(AllowedServers([LISTED]).find(url)) == LISTED


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "ehr.example/fhir",
        "//ehr.example/fhir",
        "http://ehr.example/fhir",
        "gopher://ehr.example/fhir",
        "https://ehr.example:8443/fhir",
        "https://ehr.example:x/fhir",
        "https://ehr.example:99999/fhir",
        "https://user@ehr.example/fhir",
        "https://user:pw@ehr.example/fhir",
        "https://ehr.example@evil.com/fhir",
        "https://ehr.example.evil.com/fhir",
        "https://evil.com/?https://ehr.example/fhir",
        "https://evil.com/#https://ehr.example/fhir",
        "https://ehr.example/fhirx",
        "https://ehr.example/FHIR",
        "https://ehr.example/fhir/../admin",
        "https://ehr.example/fhir/.",
        "https://ehr.example/fhir/%2e%2e/admin",
        "https://ehr.example/%66hir",
        "https://ehr.example//fhir",
        "https://ehr.example/fhir//",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir?",
        "https://ehr.example/fhir#f",
        "https://ehr.example/fhir#",
        "https://ehr.example\\@evil.com/fhir",
        "https://ehr.example/fhir\n",
        " https://ehr.example/fhir",
        "https://ehr.example/fh ir",
        "https://ehr.exämple/fhir",
        "https://127.0.0.1/fhir",
        "https://[::ffff:127.0.0.1]/fhir",
        "https://2130706433/fhir",
        "https://169.254.169.254/latest",
        "https:///fhir",
    ],
)
def test_every_other_url_is_not(url):
    assert AllowedServers([LISTED]).find(url) is None


def test_an_empty_list_allows_nothing():
    assert AllowedServers([]).find(LISTED) is None


def test_a_server_at_the_root_does_not_allow_its_paths():
    allowed = AllowedServers(["https://ehr.example"])
    assert allowed.find("https://ehr.example/") is not None
    assert allowed.find("https://ehr.example/fhir") is None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (f"{LISTED}?_getpages=1&x=https://evil.com", f"{LISTED}?_getpages=1&x=https://evil.com"),
        (f"{LISTED}/Observation?page=2", f"{LISTED}/Observation?page=2"),
        ("Observation?page=2", f"{LISTED}/Observation?page=2"),
        ("?page=2", f"{LISTED}?page=2"),
        ("HTTPS://EHR.example:443/fhir/Observation", f"{LISTED}/Observation"),
        ("https://ehr.example/Observation", None),
        ("https://ehr.example/fhirx/Observation", None),
        ("../admin", None),
        ("/admin", None),
        ("javascript:alert(1)", None),
        (f"{LISTED}/a\r\nHost: evil", None),
    ],
)
def test_a_link_of_the_server_is_rebuilt_below_its_base_or_refused(text, url):
    assert BaseURL.parse(LISTED).below(text) == url
