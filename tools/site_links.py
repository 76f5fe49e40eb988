"""A hook of MkDocs: links out of docs/ into the repository lead nowhere on the site, so that only their text stays."""

from __future__ import annotations

import re
from typing import Any

_OUT_OF_DOCS = re.compile(r"\[([^\]]+)\]\((?:\.\./)+[^)]+\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    return _OUT_OF_DOCS.sub(r"\1", markdown)
