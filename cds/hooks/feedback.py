"""What an EHR reports about a card: accepted or overridden, and why (CDS Hooks 2.0, "Feedback")."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cds.hooks.received import Received

Text = Annotated[str, Field(min_length=1)]


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        msg = "give an RFC 3339 text such as 2026-03-02T10:00:00Z"
        raise ValueError(msg)
    return value


def _in_utc(value: datetime) -> datetime:
    """Read a time without a zone as what the specification asks for: UTC (CH-140)."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AcceptedSuggestion(Received):
    """The uuid of a suggestion that the user took."""

    id: Text


class ReasonCoding(Received):
    """The coded reason; the display need not be repeated (CH-139)."""

    code: Text
    system: Text | None = None
    display: Text | None = None


class OverrideReasonGiven(Received):
    """Why a card was not followed: a coded reason, a comment or both (cds-fb-3)."""

    reason: ReasonCoding | None = None
    user_comment: str | None = None

    @model_validator(mode="after")
    def _reason_or_comment(self) -> Self:
        if self.reason is None and not self.user_comment:
            msg = "overrideReason needs a reason or a userComment"
            raise ValueError(msg)
        return self


class Feedback(Received):
    """The outcome of one card (CH-135 … CH-140)."""

    card: Text
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: Annotated[datetime, BeforeValidator(_text_only), AfterValidator(_in_utc)]
    accepted_suggestions: tuple[AcceptedSuggestion, ...] = ()
    override_reason: OverrideReasonGiven | None = None

    @model_validator(mode="after")
    def _accepted_names_its_suggestions(self) -> Self:
        if self.outcome == "accepted" and not self.accepted_suggestions:
            msg = "an accepted card names its acceptedSuggestions"
            raise ValueError(msg)
        return self

    def fits(self, suggestions: Collection[str]) -> bool:
        """Say whether this can be about a card that had these suggestions: one of them was accepted, or none was."""
        accepted = [one.id for one in self.accepted_suggestions]
        return self.outcome == "overridden" or any(each in suggestions for each in accepted)


class FeedbackRequest(Received):
    """One or more outcomes, possibly of several calls; taken as a whole or refused as a whole (CH-134)."""

    feedback: Annotated[tuple[Feedback, ...], Field(min_length=1, max_length=1000)]
