"""Rows 18 to 27: who calls."""

from __future__ import annotations

import hmac
import json
import socket
import sqlite3
import threading
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.server.client_tokens import KEYS, PUBLIC_URL, bearer, clients_file, token
from tests.server.conftest import NOW
from tests.server.forty.rows import CALL, Range, refused, row

PATH = "/cds-services"
URL = PUBLIC_URL + PATH
SECONDS = int(NOW.timestamp())


def discovery(target: Range, headers: dict[str, str], worker: int = 0) -> httpx.Response:
    return target.locked[worker].http.get(PATH, headers=headers)


def compact(header: dict[str, Any], sign: Callable[[bytes], bytes], **claims: Any) -> dict[str, str]:
    """A token with any header, also such as no library would write."""
    body = {"iss": "https://ehr-1.example", "aud": URL, "exp": SECONDS + 300, "iat": SECONDS, "jti": str(uuid.uuid4())}
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, body | claims)]
    signature = urlsafe_b64encode(sign(b".".join(parts))).rstrip(b"=")
    return {"Authorization": f"Bearer {b'.'.join([*parts, signature]).decode()}"}


def by_nobody(_signed: bytes) -> bytes:
    return b"not a signature"


def by_the_client(signed: bytes) -> bytes:
    """The signature of ES384, with the client's own key."""
    encoded = KEYS["ehr-1"].get_op_key("sign").sign(signed, ec.ECDSA(hashes.SHA384()))
    return b"".join(number.to_bytes(48, "big") for number in decode_dss_signature(encoded))


def with_the_public_key_as_secret(signed: bytes) -> bytes:
    return hmac.digest(KEYS["ehr-1"].as_pem(private=False), signed, "sha384")


def headed(**header: Any) -> dict[str, Any]:
    return {"alg": "ES384", "kid": "k1", "typ": "JWT", **header}


def nobody(target: Range, headers: dict[str, str] | list[tuple[str, str]]) -> None:
    """The refusal that is the same for every reason."""
    answer = target.locked[0].http.get(PATH, headers=headers)
    refused(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.content == discovery(target, {}).content


@row(
    18,
    {
        "none": dict,
        "Basic": lambda: {"Authorization": "Basic dXNlcjpwdw=="},
        "two of them": lambda: [("Authorization", value) for value in [bearer(PATH)["Authorization"]] * 2],
        "20 kB": lambda: {"Authorization": "Bearer " + "a" * 20_000 + ".b.c"},
        "five segments": lambda: {"Authorization": bearer(PATH)["Authorization"] + ".d.e"},
        "two segments": lambda: {"Authorization": "Bearer a.b"},
        "no JSON": lambda: {"Authorization": "Bearer !!.!!.!!"},
        "a space in it": lambda: {"Authorization": bearer(PATH)["Authorization"].replace(".", ". ")},
    },
)
def without_a_token_nobody_is_known(target: Range, headers: Callable[[], Any]) -> None:
    nobody(target, headers())


@row(18)
def a_token_of_1_mb_is_a_header_that_is_too_large(target: Range) -> None:
    """Not 401: row 3 refuses such headers before anybody asks who calls."""
    refused(discovery(target, {"Authorization": "Bearer " + "a" * 1_000_000}), 431)


@row(19)
def the_signature_of_these_checks_is_one_that_passes(target: Range) -> None:
    assert discovery(target, compact(headed(), by_the_client)).status_code == 200


@row(
    19,
    {
        "none": lambda: compact({"alg": "none", "typ": "JWT"}, lambda _: b""),
        "None": lambda: compact(headed(alg="None"), lambda _: b""),
        "no algorithm": lambda: compact({"kid": "k1", "typ": "JWT"}, by_the_client),
        "HS384 over the public key": lambda: compact(headed(alg="HS384"), with_the_public_key_as_secret),
        "RS256, which is not agreed": lambda: bearer(PATH, "ehr-2", header={"alg": "RS256"}),
        "crit": lambda: compact(headed(crit=["exp"], exp=1), by_the_client),
        "b64": lambda: compact(headed(b64=False, crit=["b64"]), by_the_client),
        "a key of its own": lambda: compact(headed(jwk=KEYS["ehr-1"].as_dict(private=False), kid="own"), by_the_client),
        "x5u": lambda: compact(headed(x5u="https://evil.example/c.pem"), by_nobody),
        "no signature": lambda: {"Authorization": f"Bearer {token(PATH).rpartition('.')[0]}."},
    },
)
def an_algorithm_that_was_not_agreed_is_401(target: Range, headers: Callable[[], dict[str, str]]) -> None:
    nobody(target, headers())


@row(20, {"http": "http://{}/jwks", "user info": "http://ehr-1.example@{}/jwks", "https": "https://{}/jwks"})
def a_jku_of_the_token_is_never_fetched(target: Range, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        nobody(target, bearer(PATH, header={"jku": address.format(where)}))
        try:
            listener.accept()
        except TimeoutError:
            return
    raise AssertionError("the key set was fetched from where the token says")


@row(
    22,
    {
        "another service": f"{PUBLIC_URL}{CALL}",
        "the server": PUBLIC_URL,
        "a beginning of it": URL[:-1],
        "a longer one": f"{URL}x",
        "another scheme": URL.replace("https", "http"),
        "capitals in the path": URL.replace("cds-services", "CDS-Services"),
        "a slash at its end": f"{URL}/",
        "a list without it": [PUBLIC_URL, f"{URL}/"],
        "an empty list": [],
        "a number": 5,
        "none": ...,
    },
)
def another_audience_is_401(target: Range, audience: Any) -> None:
    nobody(target, bearer(PATH, aud=audience))


@row(22)
def the_audience_or_a_list_with_it_passes(target: Range) -> None:
    for audience in (URL, ["https://other.example", URL]):
        assert discovery(target, bearer(PATH, aud=audience)).status_code == 200


@row(
    23,
    {
        "no exp": {"exp": ...},
        "exp a string": {"exp": str(SECONDS + 300)},
        "exp NaN": {"exp": float("nan")},
        "exp Infinity": {"exp": float("inf")},
        "exp true": {"exp": True},
        "exp past": {"exp": SECONDS - 3600},
        "exp in ten years": {"exp": SECONDS + 315_360_000},
        "no iat": {"iat": ...},
        "iat in an hour": {"iat": SECONDS + 3600, "exp": SECONDS + 3900},
        "nbf in an hour": {"nbf": SECONDS + 3600},
        "expired 61 s ago": {"iat": SECONDS - 300, "exp": SECONDS - 61},
        "issued in 61 s": {"iat": SECONDS + 61},
        "no jti": {"jti": ...},
        "jti empty": {"jti": ""},
        "jti an object": {"jti": {"a": 1}},
        "iss a list": {"iss": ["https://ehr-1.example"]},
    },
)
def a_token_at_the_wrong_time_or_without_a_claim_is_401(target: Range, claims: dict[str, Any]) -> None:
    nobody(target, bearer(PATH, **claims))


@row(23, {"expired 59 s ago": {"iat": SECONDS - 241, "exp": SECONDS - 59}, "issued in 59 s": {"iat": SECONDS + 59}})
def a_clock_that_is_59_s_off_passes(target: Range, claims: dict[str, Any]) -> None:
    assert discovery(target, bearer(PATH, **claims)).status_code == 200


@row(24)
def a_token_passes_once_on_all_workers(target: Range) -> None:
    headers, seen = bearer(PATH, jti="once"), []

    def use(worker: int) -> None:
        seen.append(discovery(target, headers, worker).status_code)

    threads = [threading.Thread(target=use, args=(number % 2,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [200, 401, 401, 401, 401, 401]
    assert discovery(target, bearer(PATH, "ehr-2", jti="once")).status_code == 200


@row(24)
def a_used_token_stays_used_after_a_restart(target: Range) -> None:
    headers = bearer(PATH, jti="before the restart")
    with target.restarted() as server:
        assert server.http.get(PATH, headers=headers).status_code == 200
    with target.restarted() as server:
        assert server.http.get(PATH, headers=headers).status_code == 401


@row(25)
def a_key_speaks_for_its_own_issuer_only(target: Range) -> None:
    nobody(target, bearer(PATH, "ehr-1", iss="https://ehr-2.example"))
    nobody(target, bearer(PATH, "ehr-2", iss="https://ehr-1.example"))
    nobody(target, bearer(PATH, iss="https://stranger.example"))
    nobody(target, bearer(PATH, iss="https://EHR-1.example"))


@row(25)
def a_tenant_that_is_not_registered_and_a_disabled_client_are_401(target: Range) -> None:
    folder = target.folder / "disabled"
    folder.mkdir(exist_ok=True)
    changed = clients_file(folder, ehr_1={"enabled": False}, ehr_2={"tenants": ["north"]})
    with target.restarted(clients=changed, database="sqlite://") as server:
        assert server.http.get(PATH, headers=bearer(PATH)).status_code == 401
        assert server.http.get(PATH, headers=bearer(PATH, "ehr-2")).status_code == 401
        assert server.http.get(PATH, headers=bearer(PATH, "ehr-2", tenant="south")).status_code == 401
        assert server.http.get(PATH, headers=bearer(PATH, "ehr-2", tenant="north")).status_code == 200


@row(27)
def a_replay_store_that_is_down_lets_nobody_in_and_comes_back_by_itself(target: Range) -> None:
    server = target.locked[0]
    path = server.settings.database.removeprefix("sqlite:///")
    blocker = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        blocker.execute("BEGIN EXCLUSIVE")
        answer = server.http.get(PATH, headers=bearer(PATH))
        refused(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert server.http.get("/readyz").status_code == 503
        blocker.execute("ROLLBACK")
    finally:
        blocker.close()
    assert server.http.get("/readyz").status_code == 200
    assert server.http.get(PATH, headers=bearer(PATH)).status_code == 200
