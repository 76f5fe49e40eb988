"""Settings: what is misspelt or bad stops the start with one line."""

from __future__ import annotations

import pytest

from cds.errors import SettingsError
from cds.settings import load_settings


def test_without_any_variable_the_defaults_serve_on_this_machine():
    settings = load_settings({"PATH": "/bin"})
    assert settings.client_auth == "none"
    assert settings.fhir_servers == ()
    assert settings.is_local


@pytest.mark.ch("CH-002")
def test_tokens_of_clients_do_not_travel_in_the_clear(tmp_path):
    clients = tmp_path / "clients.json"
    jwt = {"CDS_CLIENT_AUTH": "jwt", "CDS_CLIENTS": str(clients)}
    with pytest.raises(SettingsError, match="CDS_PUBLIC_URL to be https"):
        load_settings({**jwt, "CDS_PUBLIC_URL": "http://cds.example.org"})
    assert load_settings({**jwt, "CDS_PUBLIC_URL": "https://cds.example.org"}).client_auth == "jwt"
    assert load_settings({**jwt, "CDS_PUBLIC_URL": "http://127.0.0.1:8000"}).is_local


def test_a_certificate_and_its_key_are_given_together_and_exist(tmp_path):
    file = tmp_path / "cert.pem"
    with pytest.raises(SettingsError, match="is no file"):
        load_settings({"CDS_TLS_CERTIFICATE": str(file)})
    file.write_text("")
    with pytest.raises(SettingsError, match="together"):
        load_settings({"CDS_TLS_CERTIFICATE": str(file)})
    assert load_settings({"CDS_TLS_CERTIFICATE": str(file), "CDS_TLS_KEY": str(file)}).tls_key == file


def test_lists_are_separated_by_commas():
    assert load_settings({"CDS_FHIR_SERVERS": "https://a/fhir, https://b/fhir"}).fhir_servers == (
        "https://a/fhir",
        "https://b/fhir",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CDS_FHIR_SERVRS", "https://a"),
        ("CDS_FHIR_SERVERS", "ftp://a"),
        ("CDS_FHIR_SERVERS", "https://user:pw@a/fhir"),
        ("CDS_CLIENT_AUTH", "maybe"),
        ("CDS_CLIENT_AUTH", "jwt"),
        ("CDS_CONTENT", "/nowhere/at/all"),
        ("CDS_DEADLINE_MS", "soon"),
        ("CDS_DEADLINE_MS", "49"),
        ("CDS_PUBLIC_URL", "cds.example.org"),
    ],
)
def test_a_misspelt_variable_or_bad_value_is_one_line_that_names_it(name, value):
    with pytest.raises(SettingsError) as stopped:
        load_settings({name: value})
    assert name in str(stopped.value)
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("origin", ["foo", "https://", "https://ehr.example.org/", "https://a b", "ehr.example.org"])
def test_a_browser_origin_is_scheme_and_host(origin):
    with pytest.raises(SettingsError, match=r"CDS_CORS_ORIGINS: .* give scheme and host, https://ehr\.example\.org"):
        load_settings({"CDS_CORS_ORIGINS": origin})
    good = ("https://ehr.example.org", "http://localhost:8080")
    assert load_settings({"CDS_CORS_ORIGINS": ", ".join(good)}).cors_origins == good
    assert load_settings({"CDS_CORS_ORIGINS": "*"}).cors_origins == ("*",)


def test_registered_clients_are_not_forgotten_with_the_server_open_to_everybody(tmp_path):
    clients = {"CDS_CLIENTS": str(tmp_path / "clients.json")}
    with pytest.raises(SettingsError, match="CDS_CLIENTS: nobody is asked who calls: set CDS_CLIENT_AUTH to jwt"):
        load_settings(clients)
    assert load_settings({**clients, "CDS_CLIENT_AUTH": "none"}).clients
    assert load_settings({**clients, "CDS_CLIENT_AUTH": "jwt"}).clients


def test_the_deadline_may_be_50_milliseconds():
    assert load_settings({"CDS_DEADLINE_MS": "50"}).deadline_ms == 50
