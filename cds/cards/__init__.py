"""From a RequestGroup to CDS Hooks cards: nothing that was computed is lost on the way to the wire."""

from cds.cards.cards import cards_from_request_group, system_actions_from_request_group

__all__ = ["cards_from_request_group", "system_actions_from_request_group"]
