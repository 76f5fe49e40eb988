"""Feedback: checklist CH-134 … CH-140, invariants cds-fb-1 … 3."""

from __future__ import annotations

import pytest

from cds.errors import BadRequest
from cds.hooks.feedback import FeedbackRequest

ACCEPTED = {
    "card": "c1",
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "s1"}],
    "outcomeTimestamp": "2026-03-02T10:00:00.123Z",
}
OVERRIDDEN = {"card": "c1", "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}


@pytest.mark.parametrize(
    "item",
    [
        ACCEPTED,
        OVERRIDDEN,
        {**OVERRIDDEN, "overrideReason": {"reason": {"code": "x", "system": "s"}}},
        {**OVERRIDDEN, "overrideReason": {"userComment": "not now"}},
    ],
)
def test_accepted_and_overridden_are_read(item):
    assert FeedbackRequest.from_json({"feedback": [item]}).feedback[0].card == "c1"


@pytest.mark.parametrize(
    ("item", "member"),
    [
        ({**ACCEPTED, "card": ""}, "feedback.0.card"),
        ({**ACCEPTED, "outcome": "ignored"}, "feedback.0.outcome"),
        ({**ACCEPTED, "acceptedSuggestions": []}, "feedback.0"),
        ({**ACCEPTED, "outcomeTimestamp": "yesterday"}, "feedback.0.outcomeTimestamp"),
        ({**OVERRIDDEN, "overrideReason": {}}, "feedback.0.overrideReason"),
    ],
)
def test_one_bad_element_refuses_the_batch_and_is_named(item, member):
    with pytest.raises(BadRequest) as refused:
        FeedbackRequest.from_json({"feedback": [item]})
    assert refused.value.expressions == (member,)
    assert "yesterday" not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "the body must be a JSON object"),
        ({}, "feedback: field required"),
        ({"feedback": []}, "feedback: must not be empty"),
        ({"feedback": {}}, "feedback: must be a list"),
        ({"feedback": [1]}, "feedback.0: must be an object"),
        ({"feedback": [OVERRIDDEN] * 1001}, "feedback: has more than 1000 elements"),
    ],
)
def test_a_body_without_feedback_is_refused_in_the_words_of_json(body, said):
    with pytest.raises(BadRequest) as refused:
        FeedbackRequest.from_json(body)
    assert str(refused.value) == said
