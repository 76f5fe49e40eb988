"""Rows 28 and 29: the address and the token that the caller hands over."""

from __future__ import annotations

from typing import Any

from tests.server.faulty_fhir import TOKEN
from tests.server.forty.rows import PATIENT, Range, refused, row

AUTHORIZATION = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "cds",
    "patient": PATIENT,
}


@row(
    28,
    {
        "a longer host": "http://127.0.0.1.evil.example:{port}/up/fhir",
        "a longer path": "{base}x",
        "a path below": "{base}/Patient",
        "user info": "http://127.0.0.1:{port}@evil.example/up/fhir",
        "user info on the right host": "http://user@127.0.0.1:{port}/up/fhir",
        "another port": "http://127.0.0.1:1{port}/up/fhir",
        "another scheme": "https://127.0.0.1:{port}/up/fhir",
        "dot segments": "{base}/../../up/fhir",
        "escaped dots": "http://127.0.0.1:{port}/up/%2e%2e/up/fhir",
        "an escaped letter": "http://127.0.0.1:{port}/up/fhi%72",
        "a double slash": "http://127.0.0.1:{port}//up/fhir",
        "a backslash": "http://127.0.0.1:{port}\\up\\fhir",
        "a query": "{base}?x=1",
        "a fragment": "{base}#x",
        "a newline": "{base}\n",
        "a tab": "{base}\t",
        "IPv6 that maps to it": "http://[::ffff:127.0.0.1]:{port}/up/fhir",
        "decimal loopback": "http://2130706433:{port}/up/fhir",
        "octal loopback": "http://0177.0.0.1:{port}/up/fhir",
        "short loopback": "http://127.1:{port}/up/fhir",
        "a name of loopback": "http://localhost:{port}/up/fhir",
        "metadata": "http://169.254.169.254/latest/meta-data",
        "file": "file:///etc/passwd",
        "gopher": "gopher://127.0.0.1:{port}/_",
        "no scheme": "//127.0.0.1:{port}/up/fhir",
        "nothing": "",
    },
)
def an_address_that_is_not_on_the_list_is_never_called(target: Range, address: str) -> None:
    port = target.ehr.address.rpartition(":")[2]
    address = address.replace("{base}", target.ehr.base("up")).replace("{port}", port)
    target.ehr.seen.clear()
    refused(target.call(fhirServer=address, prefetch=..., fhirAuthorization=...), 412)
    target.gives_the_same_cards(target.call(fhirServer=address))
    assert target.ehr.seen == []


@row(28)
def another_spelling_of_a_listed_address_is_that_address(target: Range) -> None:
    base = target.ehr.base("up")
    for spelling in (f"{base}/", base.replace("http:", "HTTP:")):
        target.gives_the_same_cards(target.call(fhirServer=spelling, prefetch=...))


@row(29, {"CR and LF": "a\r\nX-Evil: 1", "LF": "a\nb", "NUL": "a\tb", "DEL": "a\x7fb"})
def a_token_with_control_characters_is_400_and_not_sent(target: Range, token: str) -> None:
    target.ehr.seen.clear()
    authorization = {**AUTHORIZATION, "access_token": token}
    issue = refused(target.call_reading("up", fhirAuthorization=authorization), 400)
    assert issue["expression"] == ["fhirAuthorization.access_token"]
    assert target.ehr.seen == []


@row(
    29,
    {
        "mac": {"token_type": "mac"},
        "expired": {"expires_in": 0},
        "long expired": {"expires_in": -1},
        "not ASCII": {"access_token": "tøken"},
        "100 kB": {"access_token": "a" * 100_000},
    },
)
def a_token_that_cannot_be_used_is_as_none(target: Range, change: dict[str, Any]) -> None:
    target.ehr.seen.clear()
    authorization = {**AUTHORIZATION, **change}
    refused(target.call_reading("wants-the-token", fhirAuthorization=authorization), 400, 412)
    assert target.ehr.seen == []
    target.gives_the_same_cards(target.call(fhirServer=target.ehr.base("up"), fhirAuthorization=authorization))


@row(29)
def a_token_for_another_patient_is_400(target: Range) -> None:
    authorization = {**AUTHORIZATION, "patient": "somebody-else"}
    issue = refused(target.call_reading("up", fhirAuthorization=authorization), 400)
    assert issue["expression"] == ["fhirAuthorization.patient"]


@row(29)
def a_token_without_a_server_is_400(target: Range) -> None:
    refused(target.call(fhirAuthorization=AUTHORIZATION), 400, member="fhirServer")


@row(29, {"next-leads-elsewhere": "next-leads-elsewhere", "redirect": "redirect"})
def a_token_goes_to_the_server_it_is_for_and_nowhere_else(target: Range, mood: str) -> None:
    """Whoever is led elsewhere would connect to port 9 of this machine, where nobody listens."""
    target.ehr.seen.clear()
    refused(target.call_reading(mood, fhirAuthorization=AUTHORIZATION), 412)
    assert target.ehr.seen
    assert {seen[0] for seen in target.ehr.seen} == {mood}
