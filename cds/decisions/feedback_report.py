"""What became of the cards: per recommendation how often shown, accepted, overridden, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, outerjoin, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cds.decisions import store


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationFeedback:
    """One recommendation. Cards that were ignored are never reported (CH-141): `unreported` is not "overridden".

    `reasons` counts the coded override reasons by what they say; `comments` counts texts, which are not shown here
    because they can speak of patients (CH-144).
    """

    guideline: str
    recommendation: str
    shown: int
    accepted: int
    overridden: int
    reasons: tuple[tuple[str, int], ...]
    comments: int

    @property
    def unreported(self) -> int:
        """Cards of which nobody said what became of them."""
        return self.shown - self.accepted - self.overridden

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "guideline": self.guideline,
            "recommendation": self.recommendation,
            "shown": self.shown,
            "accepted": self.accepted,
            "overridden": self.overridden,
            "unreported": self.unreported,
            "reasons": [{"reason": reason, "count": count} for reason, count in self.reasons],
            "comments": self.comments,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReport:
    """All recommendations, most shown first.

    `unmatched` counts outcomes of cards that were not served here, and acceptances of what a card did not suggest.
    """

    recommendations: tuple[RecommendationFeedback, ...]
    unmatched: int

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {"recommendations": [one.to_json() for one in self.recommendations], "unmatched": self.unmatched}


async def feedback_report(
    engine: AsyncEngine, *, guideline: str | None = None, since: datetime | None = None
) -> FeedbackReport:
    """Count what the database holds, for one guideline or all, for cards served since a moment or ever."""
    async with engine.connect() as connection:
        shown = await _shown(connection, guideline, since)
        told = await _told(connection, guideline, since)
        unmatched = await _unmatched(connection)
    by_key: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in told:
        by_key[row["guideline"], row["recommendation"]].append(row)
    found = [_recommendation(key, count, by_key[key]) for key, count in shown.items()]
    found.sort(key=lambda one: (-one.shown, one.guideline, one.recommendation))
    return FeedbackReport(recommendations=tuple(found), unmatched=unmatched)


def _recommendation(key: tuple[str, str], shown: int, told: list[Mapping[str, Any]]) -> RecommendationFeedback:
    outcomes = Counter(row["outcome"] for row in told)
    reasons = Counter(_words(row["reason"]) for row in told if row["reason"])
    return RecommendationFeedback(
        guideline=key[0],
        recommendation=key[1],
        shown=shown,
        accepted=outcomes["accepted"],
        overridden=outcomes["overridden"],
        reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        comments=sum(bool(row["comment"]) for row in told),
    )


def _words(reason: Mapping[str, Any]) -> str:
    """Say a coded reason: its display, else its code with the system (CH-139: the display need not be repeated)."""
    coded = "|".join(part for part in (reason.get("system"), reason.get("code")) if part)
    return str(reason.get("display") or coded)


async def _shown(
    connection: AsyncConnection, guideline: str | None, since: datetime | None
) -> dict[tuple[str, str], int]:
    columns = (store.cards.c.guideline, store.cards.c.recommendation)
    query = select(*columns, func.count()).group_by(*columns).where(*_chosen(guideline, since))
    return {(row[0], row[1]): row[2] for row in await connection.execute(query)}


async def _told(connection: AsyncConnection, guideline: str | None, since: datetime | None) -> list[Mapping[str, Any]]:
    query = (
        select(
            store.cards.c.guideline,
            store.cards.c.recommendation,
            store.feedback.c.outcome,
            store.feedback.c.accepted,
            store.feedback.c.reason,
            store.feedback.c.comment,
        )
        .join(store.feedback, _same_card())
        .where(*_chosen(guideline, since))
    )
    return [dict(row) for row in (await connection.execute(query)).mappings() if _fits(row["outcome"], row["accepted"])]


async def _unmatched(connection: AsyncConnection) -> int:
    joined = outerjoin(store.feedback, store.cards, _same_card())
    query = select(store.cards.c.uuid, store.feedback.c.outcome, store.feedback.c.accepted).select_from(joined)
    return sum(
        card is None or not _fits(outcome, accepted) for card, outcome, accepted in await connection.execute(query)
    )


def _fits(outcome: str, accepted: list[str]) -> bool:
    """Say whether an outcome is one that its card can have: of the suggestions, those of the card were stored."""
    return outcome == "overridden" or bool(accepted)


def _same_card() -> Any:
    """An outcome is about a card when the client that reports it got that card from that service."""
    return and_(
        store.feedback.c.card == store.cards.c.uuid,
        store.feedback.c.service == store.cards.c.service,
        store.feedback.c.client == store.cards.c.client,
    )


def _chosen(guideline: str | None, since: datetime | None) -> list[Any]:
    conditions: list[Any] = []
    if guideline is not None:
        conditions.append(store.cards.c.guideline == guideline)
    if since is not None:
        conditions.append(store.cards.c.time >= since)
    return conditions
