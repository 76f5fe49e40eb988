"""Report what became of a card, as an EHR does (https://cds-hooks.hl7.org/2.0/#feedback)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.hooks.feedback import FeedbackRequest
from cds.service import World, receive_feedback
from cds.web.playground.visits import Exchange, FeedbackSent


async def report(exchange: Exchange, item: Mapping[str, Any], world: World) -> FeedbackSent:
    """Post the outcome of one card to the service it came from; raises `RefusedRequest` as the service does."""
    body = {"feedback": [{**item, "outcomeTimestamp": world.clock().isoformat(timespec="seconds")}]}
    matched = await receive_feedback(world.find_service(exchange.service), FeedbackRequest.from_json(body), world)
    answer = {"received": 1, "unmatched": 1 - matched}
    return FeedbackSent(service=exchange.service, outcome=str(item["outcome"]), request=body, response=answer)
