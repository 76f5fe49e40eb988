"""Play the EHR that fills in prefetch templates (https://cds-hooks.hl7.org/2.0/#prefetch-template)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from cds.errors import CDSError
from cds.web.playground.ports import Store

_TOKEN = re.compile(r"\{\{\s*([^}]+?)\s*\}\}")


def prefetch(templates: Mapping[str, str], tokens: Mapping[str, str], store: Store) -> dict[str, Any]:
    """Run every template against the store; null for a resource that is not there, as the specification asks."""
    return {key: _run(template, tokens, store) for key, template in templates.items()}


def _run(template: str, tokens: Mapping[str, str], store: Store) -> dict[str, Any] | None:
    url = _TOKEN.sub(lambda found: tokens.get(found[1], ""), template)
    path, mark, query = url.partition("?")
    if mark:
        return store.search(path, query)
    resource_type, _, resource_id = path.partition("/")
    try:
        return store.read(resource_type, unquote(resource_id))
    except CDSError:  # a read that finds nothing is an answer: "looked for it, there is none"
        return None
