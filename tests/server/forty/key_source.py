"""Rows 19, 20, 21 and 26 where the client's keys are fetched: who serves them, and how often they are asked for."""

from __future__ import annotations

import asyncio
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws

from cds.errors import Unavailable
from cds.web.client_auth import ClientAuthenticator, Unauthorized
from cds.web.clients import Client
from cds.web.key_sets import COOLDOWN, LIFETIME, STALE, KeySets
from tests.server.client_tokens import KEYS, bearer
from tests.server.conftest import NOW
from tests.server.forty.callers import PATH, URL, by_nobody, compact, headed
from tests.server.forty.rows import Range, row


class KeySource:
    """A client's key set address, its answers, and a clock for both."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self.answer = answer
        self.fetched: list[str] = []
        self.now = 1000.0
        self._client = Client(name="ehr-1", iss="https://ehr-1.example", jku="https://ehr-1.example/jwks")
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle), follow_redirects=False)
        self._key_sets = KeySets(http, monotonic=lambda: self.now)
        self._authenticator = ClientAuthenticator(
            {self._client.iss: self._client}, self._key_sets, self, clock=lambda: NOW
        )

    async def first_use(self, key: str, expires: Any) -> bool:
        return True

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.fetched.append(str(request.url))
        return self.answer()

    def verify(self, *headers: dict[str, str]) -> list[int]:
        """Give the status that each of the tokens would get, one after the other."""

        async def go() -> list[int]:
            return [await self._status(header["Authorization"]) for header in headers]

        return asyncio.run(go())

    async def _status(self, authorization: str) -> int:
        try:
            await self._authenticator.authenticate([authorization], URL)
        except Unauthorized:
            return 401
        except Unavailable:
            return 503
        return 200


def key_set(*keys: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"keys": list(keys)})


GOOD = KEYS["ehr-1"].as_dict(private=False)


@row(
    19,
    {
        "none": ({"alg": "none"}, 0),
        "HS384": ({"alg": "HS384"}, 0),
        "PBES2 with a million rounds": ({"alg": "PBES2-HS256+A128KW", "p2c": 1_000_000, "p2s": "AA"}, 0),
        "RS256, which is not agreed": ({"alg": "RS256"}, 0),
        "crit": ({"crit": ["exp"]}, 0),
        "a key of its own": ({"jwk": KEYS["ehr-2"].as_dict(private=False), "kid": "own"}, 0),
        "x5u": ({"x5u": "https://evil.example/c.pem"}, 1),
    },
)
def what_a_token_asks_for_costs_one_verification_at_most(_target: Range, case: tuple[dict[str, Any], int]) -> None:
    """Constant work: a refused header leads to no signature, another one to one, and only our own address is asked."""
    header, verifications = case
    source = KeySource(lambda: key_set(GOOD))
    with patch.object(jws, "deserialize_compact", side_effect=jws.deserialize_compact) as verifying:
        assert source.verify(compact(headed(**header), by_nobody)) == [401]
    assert verifying.call_count == verifications
    assert set(source.fetched) <= {"https://ehr-1.example/jwks"}
    assert len(source.fetched) <= 1


@row(20)
def a_jku_that_is_not_the_registered_one_is_401_without_a_fetch(_target: Range) -> None:
    source = KeySource(lambda: key_set(GOOD))
    elsewhere = (
        "https://evil.example/jwks",
        "https://ehr-1.example/other",
        "http://ehr-1.example/jwks",
        "https://ehr-1.example.evil.com/jwks",
        "https://ehr-1.example@evil.example/jwks",
        "https://ehr-1.example:8443/jwks",
    )
    assert set(source.verify(*(bearer(PATH, header={"jku": url}) for url in elsewhere))) == {401}
    assert source.fetched == []


@row(21)
def a_thousand_unknown_keys_are_one_fetch(_target: Range) -> None:
    source = KeySource(lambda: key_set(GOOD))
    tokens = [compact(headed(kid=uuid.uuid4().hex), by_nobody) for _ in range(1000)]
    assert set(source.verify(*tokens)) == {401}
    assert len(source.fetched) == 1
    source.now += COOLDOWN + 1
    assert source.verify(tokens[0]) == [401]
    assert len(source.fetched) == 2


def weak_key() -> dict[str, Any]:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    modulus = urlsafe_b64encode(numbers.n.to_bytes(128, "big")).rstrip(b"=").decode()
    return {"kty": "RSA", "kid": "k1", "use": "sig", "e": "AQAB", "n": modulus}


def _times_out() -> httpx.Response:
    raise httpx.ReadTimeout("slow")


@row(
    26,
    {
        "timeout": (_times_out, 503),
        "500": (lambda: httpx.Response(500), 503),
        "HTML": (lambda: httpx.Response(200, text="<html>"), 503),
        "a redirect": (lambda: httpx.Response(302, headers={"Location": "https://evil.example/jwks"}), 503),
        "50 MB": (lambda: httpx.Response(200, content=b" " * 50_000_000), 503),
        "a list": (lambda: httpx.Response(200, json=[GOOD]), 503),
        "no keys": (lambda: key_set(), 401),
        "a key of 1,024 bits": (lambda: key_set(weak_key()), 401),
        "a key for encryption": (lambda: key_set({**GOOD, "use": "enc"}), 401),
        "the same kid twice": (lambda: key_set(GOOD, {**GOOD}), 401),
        "a broken key among good ones": (lambda: key_set({"kty": "EC", "kid": "k0"}, {"kty": 5}, GOOD), 200),
    },
)
def a_key_source_that_misbehaves_lets_nobody_in(_target: Range, case: tuple[Callable[[], httpx.Response], int]) -> None:
    answer, status = case
    source = KeySource(answer)
    assert source.verify(bearer(PATH)) == [status]
    assert len(source.fetched) == 1


@row(26)
def known_keys_serve_while_the_source_is_down_and_a_withdrawn_one_is_refused(_target: Range) -> None:
    source = KeySource(lambda: key_set(GOOD))
    assert source.verify(bearer(PATH)) == [200]
    source.answer = lambda: httpx.Response(500)
    source.now += LIFETIME + 1
    assert source.verify(bearer(PATH)) == [200]
    source.answer = lambda: key_set({**KEYS["ehr-2"].as_dict(private=False)})
    source.now += COOLDOWN + 1
    assert source.verify(bearer(PATH)) == [401]


@row(26)
def keys_that_have_not_been_confirmed_for_too_long_serve_nobody(_target: Range) -> None:
    source = KeySource(lambda: key_set(GOOD))
    assert source.verify(bearer(PATH)) == [200]
    source.answer = lambda: httpx.Response(500)
    source.now += STALE - 1
    assert source.verify(bearer(PATH)) == [200]
    source.now += COOLDOWN + 1
    assert source.verify(bearer(PATH)) == [503]
