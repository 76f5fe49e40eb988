"""The CQL behind a condition, for who wants to read the rule itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from functools import lru_cache

from cds.content.artifact import Artifact
from cds.content.guideline import Guideline
from cds.fhir.elements import objects_at

_QUALIFIED = re.compile(r'^(?:"?(?P<library>[\w-]+)"?\.)?"(?P<quoted>[^"]+)"$|^(?:(?P<of>\w+)\.)?(?P<plain>\w+)$')
_DEFINE = re.compile(
    r'^define\s+(?:(?:public|private)\s+)?(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))\s*:.*?'
    r"(?=^(?:define|context|parameter|///?|/\*)|\Z)",
    re.MULTILINE | re.DOTALL,
)


def split_name(expression: str) -> tuple[str, str]:
    """Split `Library."Definition"` into library ("" when not named) and definition; other text is returned whole."""
    found = _QUALIFIED.match(expression.strip())
    if found is None:
        return "", expression
    return found["library"] or found["of"] or "", found["quoted"] or found["plain"]


def definition_text(guideline: Guideline, expression: str) -> str:
    """Return the CQL of the definition that an expression names; "" where its source is not part of the content."""
    library, name = split_name(expression)
    definitions = _definitions(guideline.dependencies.of_type("Library"))
    if library:
        return definitions.get((library, name), "")
    return next((text for (_, each), text in definitions.items() if each == name), "")


@lru_cache(maxsize=16)
def _definitions(libraries: tuple[Artifact, ...]) -> dict[tuple[str, str], str]:
    return {
        (str(library.resource.get("name") or library.id), found["quoted"] or found["plain"]): found[0].strip()
        for library in libraries
        for source in _sources(library)
        for found in _DEFINE.finditer(source)
    }


def _sources(library: Artifact) -> Iterable[str]:
    for attachment in objects_at(library.resource, "content"):
        if str(attachment.get("contentType", "")).startswith("text/cql") and attachment.get("data"):
            yield base64.b64decode(attachment["data"]).decode()
