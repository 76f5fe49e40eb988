"""GET /cds-services over HTTP: what is listed, and that every prefetch template stays in the specification's subset."""

from __future__ import annotations

import json
import re
import ssl
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cds.app import build_world
from cds.conformance import rules
from cds.data.prefetch_templates import prefetch_templates
from cds.decisions.memory import MemoryLog
from cds.hooks.contexts import HOOKS
from cds.settings import Settings
from tests.server.conftest import free_port, running

TOKEN = re.compile(r"\{\{(.*?)\}\}")


@pytest.fixture(scope="module")
def entries(server):
    return server.http.get("/cds-services").json()["services"]


@pytest.fixture(scope="module")
def templates(entries):
    return [(entry, template) for entry in entries for template in entry.get("prefetch", {}).values()]


@pytest.mark.ch("CH-001", "CH-007", "CH-011", "CH-012", "CH-023")
def test_discovery_is_at_its_path_and_strict_json(server):
    answer = server.http.get("/cds-services")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert isinstance(json.loads(answer.content)["services"], list)


@pytest.mark.ch("CH-002")
def test_the_server_speaks_tls_1_2_or_newer_with_a_certificate_of_its_own(tmp_path):
    certificate, key = _self_signed(tmp_path)
    port = free_port()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(
        app, port=port, log_level="error", lifespan="off", ssl_certfile=certificate, ssl_keyfile=key
    )
    config.load()
    assert config.ssl.minimum_version >= ssl.TLSVersion.TLSv1_2
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    context = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(verify=context, trust_env=False) as http:
        assert http.get(f"https://localhost:{port}/").status_code == 204
    server.should_exit = True
    thread.join()


def _self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.ch("CH-013")
def test_a_server_without_guidelines_lists_none(tmp_path):
    folder = tmp_path / "example" / "PlanDefinition"
    folder.mkdir(parents=True)
    plan = {"resourceType": "PlanDefinition", "id": "example", "url": "https://example.org/p", "status": "draft"}
    (folder / "example.json").write_text(json.dumps(plan))
    with running(content=(tmp_path,), sandbox=False) as empty:
        answer = empty.http.get("/cds-services")
    assert (answer.status_code, answer.json()) == (200, {"services": []})


@pytest.mark.ch("CH-014", "CH-015", "CH-016", "CH-018", "CH-019", "CH-020", "CH-169")
def test_every_entry_tells_what_the_specification_asks_for(entries):
    for entry in entries:
        assert [*rules.service_entry(entry, "entry")] == []
        assert entry["title"]
        assert entry["prefetch"]
        assert "412" in entry["usageRequirements"]
        assert entry["version"] == "2.0.1"


@pytest.mark.ch("CH-021")
def test_a_hook_version_is_that_of_the_hook_library(entries):
    assert all(entry["hookVersion"] == HOOKS[entry["hook"]].version for entry in entries)


@pytest.mark.ch("CH-022")
def test_no_id_is_listed_twice(entries):
    ids = [entry["id"] for entry in entries]
    assert len(ids) == len(set(ids))


@pytest.mark.ch("CH-017", "CH-027")
def test_every_id_is_the_last_segment_of_an_address_that_answers(server, entries):
    for entry in entries:
        assert re.fullmatch(r"[A-Za-z0-9.\-_]+", entry["id"])
        assert server.call(entry["id"], {}).status_code == 400
        assert server.http.get(f"/cds-services/{entry['id']}").status_code == 405


@pytest.mark.ch("CH-185")
def test_every_hook_of_a_guideline_has_a_service(entries):
    content = build_world(Settings(), decision_log=MemoryLog(), fhir_servers=None).services
    assert {(service.guideline.id, hook) for service in content.values() for hook in service.guideline.hooks} == {
        (service.guideline.id, service.hook) for service in content.values()
    }
    assert {entry["id"] for entry in entries} == content.keys()
    for entry in entries:
        assert entry["id"] == f"{content[entry['id']].guideline.id}-{entry['hook']}"


@pytest.mark.ch("CH-026")
def test_discovery_answers_conditional_requests(server):
    etag = server.http.get("/cds-services").headers["etag"]
    assert server.http.get("/cds-services", headers={"If-None-Match": etag}).status_code == 304
    assert server.http.get("/cds-services", headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.ch("CH-042", "CH-048")
def test_a_template_is_an_instance_read_or_a_type_search(templates):
    for _, template in templates:
        assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{[^}]+\}\}|\?[^?\s]+)", template)


@pytest.mark.ch("CH-043", "CH-044", "CH-045", "CH-046", "CH-047", "CH-053", "CH-054", "CH-055", "CH-056", "CH-057")
def test_a_token_is_a_context_field_that_the_hooks_table_allows(templates):
    for entry, template in templates:
        tokens = TOKEN.findall(template)
        assert tokens
        assert "{" not in TOKEN.sub("", template)
        for token in tokens:
            assert token in {f"context.{name}" for name in HOOKS[entry["hook"]].tokens}


@pytest.mark.ch("CH-049", "CH-050", "CH-051", "CH-052")
def test_the_parameters_of_a_search_stay_in_the_recommended_subset(templates):
    for _, template in templates:
        resource_type, _, query = template.partition("?")
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in ("patient", "subject"):
                assert value == "{{context.patientId}}"
            elif name == "code":
                assert all("|" in token for token in re.split(r"(?<!\\),", unquote(value)))
            else:
                # The one step outside: without it, what an order by reference is for stays unknown.
                assert (name, value) == ("_include", f"{resource_type}:medication")


@pytest.mark.ch("CH-058", "CH-186")
def test_the_templates_are_derived_from_what_the_logic_reads(entries):
    services = build_world(Settings(), decision_log=MemoryLog(), fhir_servers=None).services
    for entry in entries:
        assert entry["prefetch"] == prefetch_templates(services[entry["id"]].requirements)


@pytest.mark.ch("CH-165")
@pytest.mark.parametrize("path", ["", "/nl-lenalidomide-order-select", "/nl-lenalidomide-order-select/feedback"])
def test_a_browser_may_call_every_endpoint(server, path):
    ask = {"Origin": "https://sandbox.cds-hooks.org", "Access-Control-Request-Headers": "authorization,content-type"}
    method = "POST" if path else "GET"
    answer = server.http.options(f"/cds-services{path}", headers={**ask, "Access-Control-Request-Method": method})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed


@pytest.mark.ch("CH-165")
def test_origins_that_are_not_listed_are_not_allowed(tmp_path):
    with running(content=(tmp_path,), sandbox=False, cors_origins=("https://ehr.example",)) as strict:
        listed = strict.http.get("/cds-services", headers={"Origin": "https://ehr.example"})
        other = strict.http.get("/cds-services", headers={"Origin": "https://evil.example"})
    assert listed.headers["access-control-allow-origin"] == "https://ehr.example"
    assert "access-control-allow-origin" not in other.headers
