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


def test_the_deadline_may_be_50_milliseconds():
    assert load_settings({"CDS_DEADLINE_MS": "50"}).deadline_ms == 50
