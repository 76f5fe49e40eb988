"""Card details, GitHub-flavoured Markdown, as HTML that is safe to show: what is HTML in the source stays text."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

# The link check of markdown-it refuses javascript:, vbscript:, file: and data: addresses; images would be requests.
_RENDERER = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
_RENDERER.disable("image")


def render(text: str) -> Markup:
    """Return the HTML of a Markdown text."""
    return Markup(_RENDERER.render(text))  # noqa: S704 - made by the renderer, which escapes HTML
