"""Client authentication: checklist CH-145 … CH-164; hostile inputs 18 … 27."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from cds.decisions.replay import UsedTokens
from cds.decisions.store import metadata, open_database
from cds.errors import SettingsError
from cds.web.client_auth import ClientAuthenticator, Unauthorized, Unavailable
from cds.web.clients import Client, read_clients
from cds.web.key_sets import COOLDOWN, KeySets, usable_keys

URL = "https://cds.example.org/cds-services/x"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EC = ECKey.generate_key("P-384", {"kid": "ec1", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa1"})
OTHER = ECKey.generate_key("P-384", {"kid": "ec1"})
KEYS = {"keys": [EC.as_dict(private=False), RSA.as_dict(private=False)]}
JKU = "https://ehr.example.org/jwks.json"


def claims(**changes):
    now = int(NOW.timestamp())
    base = {"iss": "https://ehr.example.org", "aud": URL, "exp": now + 300, "iat": now, "jti": "t-1"}
    return {name: value for name, value in {**base, **changes}.items() if value is not ...}


def token(body=None, *, key=EC, alg="ES384", **header):
    head = {
        name: value for name, value in {"alg": alg, "kid": key.kid, "typ": "JWT", **header}.items() if value is not ...
    }
    return jws.serialize_compact(head, json.dumps(body or claims()), key, algorithms=[alg])


def raw_token(header, body, signature=b"x"):
    parts = [json.dumps(header).encode(), json.dumps(body).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


class Replay:
    def __init__(self):
        self.used = set()

    async def first_use(self, key, expires):
        assert expires > NOW
        fresh = key not in self.used
        self.used.add(key)
        return fresh


class ReplayDown:
    async def first_use(self, key, expires):
        raise OSError


def authenticator(*, client=None, replay=None, http=None, monotonic=lambda: 0.0):
    client = client or Client(name="ehr", iss="https://ehr.example.org", jwks=KEYS)
    return ClientAuthenticator(
        {client.iss: client}, KeySets(http, monotonic=monotonic), replay or Replay(), clock=lambda: NOW
    )


def authenticate(value, **options):
    values = [f"Bearer {value}"] if isinstance(value, str) else value
    return asyncio.run(authenticator(**options).authenticate(values, URL))


@pytest.mark.ch("CH-159", "CH-162", "CH-148", "CH-152", "CH-154", "CH-155", "CH-151")
def test_a_token_signed_with_the_clients_es384_key_passes():
    assert authenticate(token()).name == "ehr"


@pytest.mark.ch("CH-162")
def test_a_token_signed_with_the_clients_rs384_key_passes():
    assert authenticate(token(key=RSA, alg="RS384")).name == "ehr"


@pytest.mark.ch("CH-153")
def test_the_audience_may_be_a_list_that_holds_the_exact_url():
    assert authenticate(token(claims(aud=["https://other.example.org", URL]))).name == "ehr"


@pytest.mark.parametrize(
    "body",
    [
        claims(aud=URL + "/"),
        claims(aud="https://cds.example.org/cds-services/X"),
        claims(aud="http://cds.example.org/cds-services/x"),
        claims(aud="https://cds.example.org/cds-services"),
        claims(aud=["https://other.example.org"]),
        claims(aud=...),
        claims(iss="https://stranger.example.org"),
        claims(iss=...),
        claims(iss=["https://ehr.example.org"]),
        claims(exp=int(NOW.timestamp()) - 61),
        claims(exp=str(int(NOW.timestamp()) + 300)),
        claims(exp=True),
        claims(exp=...),
        claims(exp=int(NOW.timestamp()) + 10 * 365 * 86400),
        claims(exp=10**400),
        claims(iat=10**400),
        claims(nbf=10**400),
        claims(iat=float("nan")),
        claims(exp=float("inf")),
        claims(iat=int(NOW.timestamp()) + 3600),
        claims(iat=...),
        claims(nbf=int(NOW.timestamp()) + 61),
        claims(jti=...),
        claims(jti=""),
        claims(jti={"a": 1}),
        claims(jti="x" * 257),
    ],
)
@pytest.mark.ch("CH-152", "CH-153", "CH-154", "CH-155", "CH-156")
def test_a_token_with_a_wrong_or_missing_claim_is_refused(body):
    with pytest.raises(Unauthorized):
        authenticate(token(body))


@pytest.mark.ch("CH-154", "CH-155")
def test_a_clock_may_differ_by_59_seconds_but_not_by_61():
    late = int(NOW.timestamp()) - 59
    assert authenticate(token(claims(exp=late, iat=late - 200)))
    with pytest.raises(Unauthorized):
        authenticate(token(claims(exp=late - 2, iat=late - 200)))
    early = int(NOW.timestamp())
    assert authenticate(token(claims(iat=early + 59, exp=early + 300)))
    with pytest.raises(Unauthorized):
        authenticate(token(claims(iat=early + 61, exp=early + 300)))


@pytest.mark.parametrize(
    "value",
    [
        [],
        ["Basic abc"],
        [f"Bearer {token()}", f"Bearer {token()}"],
        ["Bearer " + "a" * 9000],
        ["Bearer a.b"],
        ["Bearer a.b.c.d.e"],
        ["Bearer ä.b.c"],
        ["Bearer .."],
        ["Bearer " + raw_token({"alg": "none", "typ": "JWT", "kid": "ec1"}, claims(), b"")],
        ["Bearer " + raw_token({"alg": "HS384", "typ": "JWT", "kid": "ec1"}, claims())],
        ["Bearer " + raw_token({"alg": "ES384", "typ": "JWT", "kid": "ec1"}, claims())],
        ["Bearer " + raw_token([], claims())],
        ["Bearer " + raw_token({"alg": ["ES384"], "typ": "JWT", "kid": "ec1"}, claims())],
    ],
    ids=range(13),
)
@pytest.mark.ch("CH-146", "CH-160")
def test_a_malformed_or_forged_authorization_is_refused(value):
    with pytest.raises(Unauthorized):
        authenticate(value)


@pytest.mark.ch("CH-161")
def test_the_public_key_used_as_a_shared_secret_is_refused():
    secret = OctKey.import_key(json.dumps(EC.as_dict(private=False)))
    with pytest.raises(Unauthorized):
        authenticate(jwt.encode({"alg": "HS384", "kid": "ec1", "typ": "JWT"}, claims(), secret, algorithms=["HS384"]))


@pytest.mark.parametrize("header", [{"typ": "JOSE"}, {"typ": ...}, {"kid": "nobody"}, {"jku": JKU}])
@pytest.mark.ch("CH-148", "CH-149", "CH-150")
def test_a_header_that_does_not_fit_the_registration_is_refused(header):
    with pytest.raises(Unauthorized):
        authenticate(token(**header))


@pytest.mark.ch("CH-159")
def test_another_keys_signature_is_refused():
    with pytest.raises(Unauthorized):
        authenticate(token(key=OTHER))


@pytest.mark.ch("CH-163")
def test_an_algorithm_that_the_client_did_not_register_is_refused():
    client = Client(name="ehr", iss="https://ehr.example.org", jwks=KEYS, algorithms=("RS384",))
    with pytest.raises(Unauthorized):
        authenticate(token(), client=client)


@pytest.mark.ch("CH-157")
def test_a_registered_tenant_is_required():
    client = Client(name="ehr", iss="https://ehr.example.org", jwks=KEYS, tenants=("north",))
    assert authenticate(token(claims(tenant="north")), client=client)
    with pytest.raises(Unauthorized):
        authenticate(token(claims(tenant="south")), client=client)


def test_a_doubled_claim_is_refused():
    body = json.dumps(claims())[:-1] + ', "iss": "https://ehr.example.org"}'
    head = base64.urlsafe_b64encode(b'{"alg":"ES384","typ":"JWT","kid":"ec1"}').decode().rstrip("=")
    payload = base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")
    with pytest.raises(Unauthorized):
        authenticate(f"{head}.{payload}.AAAA")


@pytest.mark.ch("CH-164")
def test_half_a_surrogate_pair_as_the_id_of_a_token_counts_like_any_other_id():
    replay = Replay()
    odd = token(claims(jti="\ud800"))
    assert authenticate(odd, replay=replay).name == "ehr"
    with pytest.raises(Unauthorized):
        authenticate(odd, replay=replay)


def test_every_refusal_has_the_same_text():
    texts = set()
    for value in (token(claims(aud="x")), token(key=OTHER), "a.b.c"):
        with pytest.raises(Unauthorized) as refused:
            authenticate(value)
        texts.add(str(refused.value))
    assert texts == {"the caller is not known"}


@pytest.mark.ch("CH-156")
def test_a_token_is_good_once_and_another_issuers_same_jti_is_another_token():
    replay = Replay()
    assert authenticate(token(), replay=replay)
    with pytest.raises(Unauthorized):
        authenticate(token(), replay=replay)
    other = Client(name="other", iss="https://other.example.org", jwks=KEYS)
    assert authenticate(token(claims(iss=other.iss)), client=other, replay=replay)


def test_a_replay_store_that_is_down_lets_nobody_through():
    with pytest.raises(Unavailable):
        authenticate(token(), replay=ReplayDown())


@pytest.mark.ch("CH-156")
def test_two_workers_on_one_database_let_a_token_through_once(tmp_path):
    async def race():
        engines = [open_database(f"sqlite:///{tmp_path / 'state.sqlite3'}") for _ in range(2)]
        async with engines[0].begin() as connection:
            await connection.run_sync(metadata.create_all)
        stores = [UsedTokens(engine, clock=lambda: NOW) for engine in engines]
        results = await asyncio.gather(*(store.first_use("k", NOW + timedelta(minutes=5)) for store in stores * 3))
        for engine in engines:
            await engine.dispose()
        return results

    assert sorted(asyncio.run(race())) == [False, False, False, False, False, True]


REMOTE = Client(name="ehr", iss="https://ehr.example.org", jku=JKU)


@respx.mock
@pytest.mark.ch("CH-150")
def test_keys_are_fetched_from_the_registered_address_once():
    source = respx.get(JKU).respond(json=KEYS)

    async def twice():
        async with httpx.AsyncClient() as http:
            subject = authenticator(client=REMOTE, http=http)
            for jti in ("a", "b"):
                assert await subject.authenticate([f"Bearer {token(claims(jti=jti), jku=JKU)}"], URL)

    asyncio.run(twice())
    assert source.call_count == 1


@respx.mock
@pytest.mark.ch("CH-150", "CH-158")
def test_an_unlisted_jku_is_refused_without_any_outgoing_request():
    source = respx.route().respond(json=KEYS)

    async def once():
        async with httpx.AsyncClient() as http:
            for jku in ("https://evil.example/jwks.json", JKU + "?x", "http://ehr.example.org/jwks.json"):
                with pytest.raises(Unauthorized):
                    await authenticator(client=REMOTE, http=http).authenticate([f"Bearer {token(jku=jku)}"], URL)

    asyncio.run(once())
    assert source.call_count == 0


@respx.mock
@pytest.mark.ch("CH-150")
def test_random_key_ids_lead_to_one_fetch_per_cooldown():
    source = respx.get(JKU).respond(json=KEYS)
    time = [0.0]

    async def many():
        async with httpx.AsyncClient() as http:
            subject = authenticator(client=REMOTE, http=http, monotonic=lambda: time[0])
            for number in range(50):
                with pytest.raises(Unauthorized):
                    await subject.authenticate([f"Bearer {token(kid=f'random-{number}')}"], URL)
            assert source.call_count == 1
            time[0] += COOLDOWN + 1
            with pytest.raises(Unauthorized):
                await subject.authenticate([f"Bearer {token(kid='random')}"], URL)

    asyncio.run(many())
    assert source.call_count == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 500},
        {"text": "<html>"},
        {"status_code": 302, "headers": {"location": "https://evil.example"}},
        {"content": b"[" + b" " * 300_000 + b"]"},
        {"json": {"no": "keys"}},
    ],
    ids=["500", "html", "redirect", "huge", "no keys"],
)
@respx.mock
def test_a_key_source_that_fails_lets_nobody_through(answer):
    respx.get(JKU).respond(**answer)

    async def once():
        async with httpx.AsyncClient() as http:
            with pytest.raises(Unavailable):
                await authenticator(client=REMOTE, http=http).authenticate([f"Bearer {token()}"], URL)

    asyncio.run(once())


@respx.mock
def test_the_last_good_keys_serve_while_the_source_is_down_and_a_withdrawn_key_goes_with_the_next_fetch():
    source = respx.get(JKU)
    source.side_effect = [
        httpx.Response(200, json=KEYS),
        httpx.Response(500),
        httpx.Response(200, json={"keys": [RSA.as_dict(private=False)]}),
    ]
    time = [0.0]

    async def story():
        async with httpx.AsyncClient() as http:
            subject = authenticator(client=REMOTE, http=http, monotonic=lambda: time[0])
            assert await subject.authenticate([f"Bearer {token(claims(jti='1'))}"], URL)
            time[0] = 3601
            assert await subject.authenticate([f"Bearer {token(claims(jti='2'))}"], URL)
            time[0] = 3601 + COOLDOWN + 1
            with pytest.raises(Unauthorized):
                await subject.authenticate([f"Bearer {token(claims(jti='3'))}"], URL)

    asyncio.run(story())


@pytest.mark.ch("CH-149")
def test_weak_doubled_broken_and_encryption_keys_are_left_out():
    modulus = base64.urlsafe_b64encode((2**1023 + 12345).to_bytes(128, "big")).decode().rstrip("=")
    small = {"kty": "RSA", "e": "AQAB", "n": modulus}
    keys = usable_keys(
        {
            "keys": [
                EC.as_dict(private=False),
                {**small, "kid": "small"},
                {**RSA.as_dict(private=False), "kid": "twice"},
                {**RSA.as_dict(private=False), "kid": "twice"},
                {**RSA.as_dict(private=False), "kid": "enc", "use": "enc"},
                {"kty": "EC", "kid": "broken", "crv": "P-384"},
                {"kty": "oct", "kid": "secret", "k": "AAAA"},
                {"kty": "EC", "kid": ["a list"]},
                {"kty": "EC", "kid": {}},
                "nonsense",
            ]
        }
    )
    assert list(keys) == ["ec1"]


def test_the_clients_file_names_the_member_that_is_wrong(tmp_path):
    path = tmp_path / "clients.json"
    path.write_text('{"clients": [{"name": "ehr", "iss": "https://e.example", "jku": "http://e.example/k"}]}')
    with pytest.raises(SettingsError, match=r"clients\.0\.jku: .*https only"):
        read_clients(path, ())
    path.write_text('{"clients": [{"name": "ehr", "iss": "https://e.example"}]}')
    with pytest.raises(SettingsError, match="either jku or jwks"):
        read_clients(path, ())
    for keys in ({}, {"keys": {}}, {"keys": None}):
        path.write_text(json.dumps({"clients": [{"name": "ehr", "iss": "https://e.example", "jwks": keys}]}))
        with pytest.raises(SettingsError, match=r"clients\.0\.jwks: .*a list of keys"):
            read_clients(path, ())
    with pytest.raises(SettingsError, match="cannot be read"):
        read_clients(tmp_path / "none.json", ())


def test_a_disabled_client_is_not_known(tmp_path):
    path = tmp_path / "clients.json"
    path.write_text(json.dumps({"clients": [{"name": "a", "iss": "i", "jwks": KEYS, "enabled": False}]}))
    assert read_clients(path, ()) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "the file: must be an object"),
        ('{"clients": {}}', "clients: must be a list"),
        ('{"clients": []}', "clients: must not be empty"),
        ('{"clients": ["ehr"]}', "clients.0: must be an object"),
        ('{"clients": [{"name": "EHR 1"}]}', "clients.0.name: must match "),
    ],
)
def test_a_clients_file_of_another_shape_is_told_in_the_words_of_json(tmp_path, text, said):
    path = tmp_path / "clients.json"
    path.write_text(text)
    with pytest.raises(SettingsError) as stopped:
        read_clients(path, ())
    assert str(stopped.value).startswith(f"CDS_CLIENTS: {path}: {said}")


def test_a_client_is_given_only_fhir_servers_that_the_server_may_read(tmp_path):
    path = tmp_path / "clients.json"
    client = {"name": "a", "iss": "i", "jwks": KEYS, "fhirServers": ["https://ehr.example.org/fhir/"]}
    path.write_text(json.dumps({"clients": [client]}))
    assert read_clients(path, ["https://ehr.example.org/fhir"])["i"].fhir_servers
    with pytest.raises(SettingsError, match=r"a: fhirServers: .* is not in CDS_FHIR_SERVERS: add it"):
        read_clients(path, ["https://other.example.org/fhir"])
