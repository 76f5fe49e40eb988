"""What we answer: cards, suggestions, actions, links (CDS Hooks 2.0, "CDS Service Response").

Strict in what is sent: unknown members are refused when a card is built, and `to_wire` writes neither null nor empty
members (CH-003, CH-004); `cards: []` is the one empty list that is allowed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Text = Annotated[str, Field(min_length=1)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Coding(_Wire):
    """A FHIR Coding; `code` and `system` are required here (CH-109)."""

    system: Text
    code: Text
    display: Text | None = None


class OverrideReason(Coding):
    """A reason that a user may give for not following a card; must have a display (CH-101)."""

    display: Text


def _absolute(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        msg = "an address on a card is absolute: https://…"
        raise ValueError(msg)
    return url


AbsoluteURL = Annotated[Text, AfterValidator(_absolute)]


class Source(_Wire):
    """Where the guidance comes from: label, public page, topic (CH-103 … CH-108)."""

    label: Text
    url: AbsoluteURL | None = None
    icon: AbsoluteURL | None = None
    topic: Coding | None = None


class Link(_Wire):
    """A link to a page or a SMART app (CH-124 … CH-128)."""

    label: Text
    url: AbsoluteURL
    type: Literal["absolute", "smart"]
    app_context: Text | None = None
    autolaunchable: bool | None = None

    @model_validator(mode="after")
    def _app_context_only_on_smart_links(self) -> Self:
        if self.app_context is not None and self.type != "smart":
            msg = "appContext may stand on a smart link only (cds-resp-3)"
            raise ValueError(msg)
        return self


class Action(_Wire):
    """One change of the record that the user accepts by a click (CH-118 … CH-122).

    `create` and `update` carry a whole `resource`; `delete` carries `resource_id`, a relative reference.
    """

    type: Literal["create", "update", "delete"]
    description: Text
    resource: dict[str, Any] | None = None
    resource_id: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+/[^\s/]+$")] | None = None
    extension: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _carries_what_its_type_needs(self) -> Self:
        if self.type == "delete":
            if self.resource_id is None or self.resource is not None:
                msg = "a delete action has resourceId and no resource (cds-resp-2)"
                raise ValueError(msg)
        elif not self.resource or self.resource_id is not None:
            msg = f"a {self.type} action has a resource and no resourceId"
            raise ValueError(msg)
        return self


class Suggestion(_Wire):
    """One choice of the user; all its actions are taken together (CH-111 … CH-117)."""

    label: Text
    uuid: Text
    is_recommended: bool | None = None
    actions: Annotated[list[Action], Field(min_length=1)] | None = None


class Card(_Wire):
    """One card: a sentence under 140 characters, its reason, its source and what can be done (CH-091 … CH-102)."""

    uuid: Text
    summary: Annotated[str, Field(min_length=1, max_length=139)]
    detail: Text | None = None
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: Annotated[list[Suggestion], Field(min_length=1)] | None = None
    selection_behavior: Literal["at-most-one", "any"] | None = None
    override_reasons: Annotated[list[OverrideReason], Field(min_length=1)] | None = None
    links: Annotated[list[Link], Field(min_length=1)] | None = None
    extension: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _selection_behavior_with_suggestions(self) -> Self:
        if self.suggestions and self.selection_behavior is None:
            msg = "selectionBehavior is required with suggestions (cds-resp-6)"
            raise ValueError(msg)
        recommended = sum(suggestion.is_recommended is True for suggestion in self.suggestions or ())
        if recommended > 1 and self.selection_behavior != "any":
            msg = "at most one suggestion is recommended unless any may be chosen (cds-resp-1)"
            raise ValueError(msg)
        return self


class CDSResponse(_Wire):
    """The answer to a hook call."""

    cards: list[Card]
    system_actions: Annotated[list[Action], Field(min_length=1)] | None = None
    extension: dict[str, Any] | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object that goes out: wire names, no null, nothing empty but `cards`."""
        return self.model_dump(by_alias=True, exclude_none=True)
