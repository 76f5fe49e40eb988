"""Cards for a terminal, as a doctor would read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.markdown import Markdown
from rich.panel import Panel
from rich.text import Text

_COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}


def print_cards(console: Console, cards: Sequence[Mapping[str, Any]], *, detail: bool = False) -> None:
    """Print cards in their order; `detail` adds the explanation."""
    if not cards:
        console.print("  no card: nothing to advise", style="green")
    for card in cards:
        colour = _COLOURS.get(card["indicator"], "white")
        parts: list[Any] = [Text(card["summary"], style="bold")]
        if detail and "detail" in card:
            parts.append(Markdown(card["detail"]))
        parts += [_suggestion(suggestion) for suggestion in card.get("suggestions", ())]
        topic = card["source"].get("topic", {}).get("code", "")
        parts.append(Text(f"{card['source']['label']} · {topic}", style="dim"))
        console.print(Panel(Group(*parts), title=card["indicator"], title_align="left", border_style=colour))


def _suggestion(suggestion: Mapping[str, Any]) -> Text:
    actions = ", ".join(action["type"] for action in suggestion.get("actions", ()))
    return Text.assemble(("  → ", "green"), suggestion["label"], (f"  [{actions}]", "dim") if actions else "")
