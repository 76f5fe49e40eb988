"""HL7's CDS Hooks documents: our models agree with the outcome its validator recorded, or the reason is listed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from cds.conformance import rules
from cds.errors import BadRequest
from cds.hooks.discovery import CDSService
from cds.hooks.request import CDSRequest
from cds.hooks.response import CDSResponse
from tools.conformance.cds_hooks_choices import LENIENT, STRICTER

FOLDER = (
    Path(os.environ.get("CDS_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    / "third-party"
    / "cds-hooks-validator"
)
pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"HL7's documents are not at {FOLDER} (CDS_SHARED)"),
]


def manifest():
    return json.loads((FOLDER / "manifest-extract.json").read_text()) if FOLDER.is_dir() else []


def is_valid_for_hl7(entry):
    outcome = FOLDER / "outcomes" / f"validator_outcomes_java_{Path(entry['logical']['java']).name}"
    issues = json.loads(outcome.read_text()).get("issue", [])
    return not any(issue["severity"] in ("error", "fatal") for issue in issues)


def is_valid_for_us(entry):
    document = json.loads((FOLDER / Path(entry["file"]).name).read_text())
    try:
        match entry["logical"]["format"].rpartition("/")[2]:
            case "CDSHooksRequest":
                CDSRequest.from_json(document)
            case "CDSHooksResponse":
                CDSResponse.model_validate(with_uuids(document))
            case "CDSHooksServices":
                for service in document["services"]:
                    CDSService.model_validate(service)
    except (BadRequest, ValidationError):
        return False
    return True


def with_uuids(document):
    """Add what is optional for everybody and always there in our own answers."""
    for card in document.get("cards", []):
        card.setdefault("uuid", "c")
        for suggestion in card.get("suggestions", []):
            suggestion.setdefault("uuid", "s")
    return document


@pytest.mark.ch("CH-006", "CH-038", "CH-183", "CH-184")
@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry["name"]) for entry in manifest()])
def test_our_models_agree_with_the_recorded_outcome_or_say_why_not(entry):
    expected = is_valid_for_hl7(entry)
    if entry["name"] in LENIENT:
        assert not expected
        assert is_valid_for_us(entry)
    elif entry["name"] in STRICTER:
        assert expected
        assert not is_valid_for_us(entry)
    else:
        assert is_valid_for_us(entry) is expected


def test_all_twenty_documents_were_read_and_every_choice_is_about_one_of_them():
    names = {entry["name"] for entry in manifest()}
    assert len(names) == 20
    assert LENIENT.keys() | STRICTER.keys() <= names


@pytest.mark.parametrize(
    "entry",
    [pytest.param(entry, id=entry["name"]) for entry in manifest() if entry["logical"]["format"].endswith("Response")],
)
def test_the_rules_of_the_conformance_client_agree_too(entry):
    document = json.loads((FOLDER / Path(entry["file"]).name).read_text())
    faults = [*rules.response(document), *rules.nulls_and_empties(document)]
    faults += [fault for card in document.get("cards", []) for fault in rules.card(card, "card")]
    assert (faults == []) is (is_valid_for_hl7(entry) and entry["name"] not in STRICTER)
