"""Every answer about every synthetic patient, judged row by row against the specification."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest

from cds.conformance.invariants import broken_by_response
from cds.sandbox.synthetic_patients import STORIES

SERVICE = "nl-lenalidomide-order-select"
PATIENT = "renal-failure"
NOWHERE = "zz-canary-patient"


@pytest.fixture(scope="module")
def answers(server):
    """(service, patient, response) for every service and every patient that the service can be asked about."""
    found = []
    for service in server.services().values():
        for story in STORIES:
            body = server.request(story.id, service["hook"])
            if service["hook"].startswith("order-") and not body["context"]["draftOrders"]["entry"]:
                continue
            answer = server.call(service["id"], body)
            assert answer.status_code == 200, answer.text
            found.append((service["id"], body, answer))
    return found


@pytest.fixture(scope="module")
def documents(answers):
    return [answer.json() for _, _, answer in answers]


@pytest.fixture(scope="module")
def cards(documents):
    found = [card for document in documents for card in document["cards"]]
    assert len(found) > 20
    return found


@pytest.fixture(scope="module")
def suggestions(cards):
    return [suggestion for card in cards for suggestion in card.get("suggestions", [])]


@pytest.fixture(scope="module")
def actions(suggestions):
    found = [action for suggestion in suggestions for action in suggestion.get("actions", [])]
    assert {"create", "update"} <= {action["type"] for action in found}
    return found


def members(document):
    """Every (name, value) of a JSON document, FHIR resources inside left out."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield name, value
            if name != "resource":
                yield from members(value)
    elif isinstance(document, list):
        for value in document:
            yield from members(value)


@pytest.mark.ch("CH-001", "CH-003", "CH-004", "CH-005", "CH-007", "CH-084")
def test_an_answer_is_strict_json_with_cards_and_without_nulls_or_empty_members(answers):
    for _, _, answer in answers:
        assert answer.headers["content-type"].startswith("application/json")
        document = json.loads(answer.content)
        assert isinstance(document["cards"], list)
        for name, value in members(document):
            assert value is not None
            assert value not in ("", [], {}) or name == "cards"


@pytest.mark.ch("CH-006")
def test_resources_are_fhir_json_objects(actions):
    for action in actions:
        if action["type"] != "delete":
            assert isinstance(action["resource"], dict)
            assert action["resource"]["resourceType"]


@pytest.mark.ch("CH-098", "CH-101", "CH-114", "CH-119", "CH-122", "CH-127", "CH-117")
def test_the_specifications_invariants_hold(documents):
    assert [fault for document in documents for fault in broken_by_response(document)] == []


@pytest.mark.ch("CH-010", "CH-117", "CH-085", "CH-130")
def test_nothing_is_sent_that_has_to_be_agreed_with_the_client_first(documents):
    for document in documents:
        assert "systemActions" not in document
        assert "actionSelectionBehavior" not in {name for name, _ in members(document)}


@pytest.mark.ch("CH-086")
def test_no_guidance_is_an_empty_list_of_cards(answers):
    silent = [answer.json() for _, _, answer in answers if not answer.json()["cards"]]
    assert silent
    assert all(document["cards"] == [] for document in silent)


@pytest.mark.ch("CH-091", "CH-112")
def test_every_card_and_suggestion_has_a_uuid_of_its_own(cards, suggestions):
    identifiers = [one["uuid"] for one in (*cards, *suggestions)]
    assert len(identifiers) == len(set(identifiers))
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in identifiers)


@pytest.mark.ch("CH-092", "CH-093", "CH-094", "CH-187")
def test_a_card_has_a_short_summary_a_markdown_detail_and_an_indicator(cards):
    for card in cards:
        assert 0 < len(card["summary"].encode("utf-16-le")) // 2 < 140
        assert "\n" not in card["summary"]
        assert not re.search(r"<[a-zA-Z/!]", card.get("detail", ""))
        assert card["indicator"] in ("info", "warning", "critical")


@pytest.mark.ch("CH-095", "CH-096", "CH-103", "CH-104", "CH-106", "CH-107", "CH-108", "CH-109")
def test_the_source_names_the_guideline_with_its_version_and_the_recommendation(answers):
    for service, _, answer in answers:
        for card in answer.json()["cards"]:
            source = card["source"]
            assert "version" in source["label"]
            assert service.split("-")[0] in ("nl", "no", "dk")
            assert "url" not in source or urlsplit(source["url"]).scheme in ("http", "https")
            assert "icon" not in source
            assert source["topic"]["system"]
            assert source["topic"]["code"]


@pytest.mark.ch("CH-105", "CH-126")
def test_no_address_on_a_card_knows_the_patient(answers):
    for _, body, answer in answers:
        for card in answer.json()["cards"]:
            for link in (card["source"], *card.get("links", [])):
                assert body["context"]["patientId"] not in link.get("url", "")


@pytest.mark.ch("CH-097", "CH-099", "CH-111", "CH-113", "CH-115", "CH-188")
def test_suggestions_have_a_label_whole_actions_and_a_selection_behavior(cards):
    offering = [card for card in cards if "suggestions" in card]
    assert offering
    for card in offering:
        assert card["selectionBehavior"] in ("at-most-one", "any")
        for suggestion in card["suggestions"]:
            assert suggestion["label"]
            assert suggestion.get("isRecommended", True) in (True, False)
            assert suggestion.get("actions", ["none is left out, not empty"])


@pytest.mark.ch("CH-100", "CH-101", "CH-110", "CH-109")
def test_override_reasons_are_codings_with_a_display(cards):
    reasons = [reason for card in cards for reason in card.get("overrideReasons", [])]
    assert all(reason["system"] and reason["code"] and reason["display"] for reason in reasons)


@pytest.mark.ch("CH-102", "CH-124", "CH-125", "CH-127", "CH-128", "CH-129", "CH-131")
def test_links_are_absolute_pages_and_nothing_is_launched(cards):
    for link in (link for card in cards for link in card.get("links", [])):
        assert link["label"]
        assert urlsplit(link["url"]).scheme in ("http", "https")
        assert link["type"] == "absolute"
        assert link.keys() == {"label", "url", "type"}


@pytest.mark.ch("CH-118", "CH-119", "CH-123")
def test_an_action_has_a_type_and_a_description(actions):
    for action in actions:
        assert action["type"] in ("create", "update", "delete")
        assert action["description"]
        assert (action["type"] == "delete") is ("resourceId" in action)


@pytest.mark.ch("CH-120")
def test_a_created_resource_is_new_and_whole(answers):
    seen = 0
    for _, body, answer in answers:
        for card in answer.json()["cards"]:
            for suggestion in card.get("suggestions", []):
                for action in suggestion.get("actions", []):
                    if action["type"] == "create":
                        seen += 1
                        assert action["resource"]["id"]
                        assert action["resource"]["status"] not in ("entered-in-error", "completed", "revoked")
                        assert f'"Patient/{body["context"]["patientId"]}"' in json.dumps(action["resource"])
    assert seen


@pytest.mark.ch("CH-121")
def test_an_updated_resource_is_the_whole_one_that_was_received(answers):
    seen = 0
    for _, body, answer in answers:
        drafts = {
            entry["resource"]["id"]: entry["resource"]
            for entry in body["context"].get("draftOrders", {}).get("entry", [])
        }
        for card in answer.json()["cards"]:
            for suggestion in card.get("suggestions", []):
                for action in suggestion.get("actions", []):
                    resource = action.get("resource", {})
                    if action["type"] == "update" and resource["id"] in drafts:
                        seen += 1
                        draft = drafts[resource["id"]]
                        assert draft.keys() <= resource.keys()
                        assert resource["subject"] == draft["subject"]
                        assert resource["resourceType"] == draft["resourceType"]
    assert seen


@pytest.mark.ch("CH-166", "CH-167")
def test_extensions_are_objects_with_reverse_domain_keys(documents):
    found = [value for document in documents for name, value in members(document) if name == "extension"]
    assert found
    for extension in found:
        assert isinstance(extension, dict)
        assert all(re.fullmatch(r"[a-z]+(\.[a-z0-9\-]+)+", key) for key in extension)


@pytest.mark.ch("CH-093")
def test_text_of_a_record_cannot_act_on_a_card(server):
    body = server.request(PATIENT, "order-select")
    hostile = '<img src=x onerror="alert(1)"> [x](javascript:alert(1)) ![y](https://evil.example/p.png)'
    concept = body["context"]["draftOrders"]["entry"][0]["resource"]["medicationCodeableConcept"]
    concept["text"] = hostile
    concept["coding"][0]["display"] = hostile
    answer = server.call(SERVICE, body)
    assert answer.status_code == 200
    assert answer.json()["cards"]
    for card in answer.json()["cards"]:
        assert not re.search(r"<img|\]\(javascript:|!\[", card["summary"] + card.get("detail", ""))


@pytest.mark.ch("CH-036", "CH-166", "CH-031")
def test_extensions_and_unknown_members_of_a_call_change_nothing(server):
    body = server.request(PATIENT, "order-select")
    plain = [card["summary"] for card in server.call(SERVICE, body).json()["cards"]]
    body |= {"extension": {"org.example.x": {"a": 1}}, "future": True}
    body["context"] |= {"extension": {"org.example.y": []}, "unknown": 1}
    assert [card["summary"] for card in server.call(SERVICE, body).json()["cards"]] == plain


@pytest.mark.ch("CH-029", "CH-030")
def test_a_hook_instance_that_is_no_uuid_is_taken_and_opens_nothing(server):
    answer = server.call(SERVICE, server.request(PATIENT, "order-select", hookInstance="instance-1"))
    assert answer.status_code == 200
    assert server.http.get("/decisions/instance-1").status_code == 404


@pytest.mark.ch("CH-172")
def test_without_selections_every_draft_is_judged(server):
    body = server.request(PATIENT, "order-select")
    with_selections = [card["summary"] for card in server.call(SERVICE, body).json()["cards"]]
    del body["context"]["selections"]
    assert [card["summary"] for card in server.call(SERVICE, body).json()["cards"]] == with_selections


@pytest.mark.ch("CH-173")
@pytest.mark.parametrize("status", ["draft", "active"])
def test_a_draft_is_judged_whatever_its_status_says(server, status):
    body = server.request(PATIENT, "order-select")
    for entry in body["context"]["draftOrders"]["entry"]:
        entry["resource"]["status"] = status
    topics = {card["source"]["topic"]["code"] for card in server.call(SERVICE, body).json()["cards"]}
    assert "nl-lenalidomide-renal-mm-severe" in topics


@pytest.mark.ch("CH-132", "CH-133", "CH-134", "CH-136", "CH-137", "CH-138", "CH-139", "CH-140", "CH-142")
def test_a_batch_of_feedback_is_taken_as_a_whole_and_joined_to_its_cards(server):
    card, other = server.call(SERVICE, server.request(PATIENT, "order-select")).json()["cards"][:2]
    accepted = {"id": next(iter(card["suggestions"]))["uuid"]}
    good = [
        {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": [accepted]},
        {"card": other["uuid"], "outcome": "overridden", "overrideReason": {"reason": {"code": "x", "system": "s"}}},
        {"card": other["uuid"], "outcome": "overridden"},
    ]
    good = [{**item, "outcomeTimestamp": "2026-03-02T10:00:00.123Z"} for item in good]
    answer = server.feedback(SERVICE, *good)
    assert (answer.status_code, answer.json()) == (200, {"received": 3, "unmatched": 0})
    for bad in (
        {"outcome": "ignored"},
        {"outcome": "accepted", "acceptedSuggestions": []},
        {"overrideReason": {}},
        {"outcomeTimestamp": "yesterday"},
        {"card": ""},
    ):
        refused = server.feedback(SERVICE, good[0], {**good[2], **bad})
        assert refused.status_code == 400
        assert refused.json()["issue"][0]["expression"][0].startswith("feedback.1")


@pytest.mark.ch("CH-135")
def test_feedback_on_a_card_that_was_never_served_is_taken_and_counted_as_unmatched(server):
    item = {"card": "nobody's", "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}
    assert server.feedback(SERVICE, item).json() == {"received": 1, "unmatched": 1}


@pytest.mark.ch("CH-080", "CH-144", "CH-074")
def test_no_token_comment_or_patient_is_kept_or_printed(server, tmp_path, capfd):
    from tests.server.conftest import running

    token, comment = "canary-token-51", "canary-comment-52"
    database = tmp_path / "state.sqlite3"
    with running(guidelines=("nl-lenalidomide",), database=f"sqlite:///{database}") as kept:
        bad_server = {"fhirServer": "http://127.0.0.1:9/fhir", "prefetch": ...}
        authorization = {"access_token": token, "token_type": "Bearer", "expires_in": 60, "scope": "", "subject": "s"}
        good = kept.call(SERVICE, kept.request(PATIENT, "order-select", fhirAuthorization=authorization))
        refused = kept.call(
            SERVICE, kept.request(PATIENT, "order-select", fhirAuthorization=authorization, **bad_server)
        )
        name = kept.http.get(f"{kept.fhir}/Patient/{PATIENT}").json()["name"][0]["family"]
        reason = {"userComment": comment}
        item = {"card": "c", "outcome": "overridden", "overrideReason": reason, "outcomeTimestamp": "2026-03-02T10:00Z"}
        kept.feedback(SERVICE, item)
        record = kept.http.get(f"/decisions/{good.json()['extension']['org.example.fhir-cds.decision']}")
        pages = good.text + refused.text + record.text + kept.http.get("/metrics").text
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    printed = "".join(capfd.readouterr())
    assert (good.status_code, refused.status_code) == (200, 412)
    assert token not in pages + printed
    assert token.encode() not in stored
    assert comment not in pages + printed
    assert name not in record.text + printed
    assert name.encode() not in stored


def test_every_guideline_has_something_to_say_about_several_synthetic_patients(answers):
    talked_about = {}
    for service, body, answer in answers:
        if answer.json()["cards"]:
            talked_about.setdefault("-".join(service.split("-")[:2]), set()).add(body["context"]["patientId"])
    assert set(talked_about) == {"nl-lenalidomide", "no-myeloma", "dk-denosumab", "no-venetoclax"}
    assert min(map(len, talked_about.values())) >= 4
