"""The functions that FHIR adds: extensions, references, value sets, conformance, markup.

https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.arguments import mismatch, text
from cds.engine.fhirpath.run import FHIRPathRun, value_set_codes
from cds.engine.fhirpath.values.elements import type_of, value_of
from cds.engine.fhirpath.values.system import system_value
from cds.engine.model import r4
from cds.engine.runtime.fhir_values import Element

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_HTML_TAGS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "big",
        "blockquote",
        "br",
        "caption",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "ul",
        "var",
    ]
)
_VOID_TAGS = frozenset(("br", "hr", "img", "col"))


def extensions_with(items: list[Any] | None, url: Any) -> list[Any]:
    """Keep the extensions of a URL."""
    return [item for item in items or () if value_of(item).get("url") == url]


def has_value(items: list[Any] | None) -> bool:
    """Say whether there is one item, a primitive with a value (any System value is one)."""
    if not items or len(items) != 1:
        return False
    item = items[0]
    if type(item) is Element:
        return r4.is_primitive(item.type) and item.value is not None
    return type_of(item).namespace == "System"


def primitive_value(item: Any) -> Any:
    """Give a System value as it is; a complex element has none."""
    return None if item is None or type_of(item).namespace != "System" else item


def resolve(run: FHIRPathRun, items: list[Any] | None) -> list[Any]:
    """Follow references; those that lead nowhere are left out."""
    found = []
    for item in items or ():
        value = value_of(item)
        element = value if isinstance(value, dict) else None
        reference = value if element is None else element.get("reference")
        if isinstance(reference, str) and (target := run.resolve(reference, element)) is not None:
            found.append(target)
    return found


def member_of(run: FHIRPathRun, item: Any, value_set: Any) -> bool | None:
    """Say whether a code, Coding or CodeableConcept is in a value set; an unknown value set is an error."""
    if item is None or value_set is None:
        return None
    codes = value_set_codes(run, text(value_set, "memberOf"))
    value = value_of(item)
    if isinstance(value, str):
        return any(value in of_system for of_system in codes.values())
    if not isinstance(value, dict) or type_of(item).name not in ("Coding", "CodeableConcept"):
        raise mismatch(item, "memberOf", "a code, Coding or CodeableConcept")
    codings = (value.get("coding") or ()) if type_of(item).name == "CodeableConcept" else (value,)
    return any(coding.get("code") in codes.get(coding.get("system") or "", ()) for coding in codings)


def subsumes(run: FHIRPathRun, item: Any, other: Any) -> bool | None:
    """Say whether a coding is another one or more general; `EvaluationError` unless the terminology can tell."""
    if item is None or other is None:
        return None
    first, second = value_of(item), value_of(other)
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise mismatch(item, "subsumes", "Codings or CodeableConcepts")
    pairs = [(a, b) for a in _codings(first) for b in _codings(second) if a.get("system") == b.get("system")]
    if any(a.get("code") == b.get("code") for a, b in pairs):
        return True
    ask = getattr(run.value_sets, "subsumes", None)
    if pairs and ask is None:
        raise EvaluationError("subsumes() needs a terminology that knows hierarchies; none was handed in")
    return any(ask(a.get("system"), a.get("code"), b.get("code")) for a, b in pairs) if ask is not None else False


def subsumed_by(run: FHIRPathRun, item: Any, other: Any) -> bool | None:
    """Say whether a coding is another one or more special."""
    return subsumes(run, other, item)


def _codings(value: dict[str, Any]) -> list[dict[str, Any]]:
    return value.get("coding") or [] if "coding" in value else [value]


def conforms_to(item: Any, structure: Any) -> bool | None:
    """Say whether an item is of a base type of FHIR; profiles are not at hand, which is an error."""
    if item is None or structure is None:
        return None
    url = text(structure, "conformsTo").partition("|")[0]
    name = url.removeprefix(_CORE)
    if not url.startswith(_CORE) or name not in r4.types():
        message = f"conformsTo(): the definition {url} is not at hand"
        raise EvaluationError(message)
    return r4.is_subtype(type_of(item).name, name)


def html_checks(item: Any) -> bool | None:
    """Say whether a narrative has only the elements that FHIR allows, each closed, and some text or image."""
    value = system_value(item)
    if value is None:
        return None
    checker = _Narrative()
    checker.feed(text(value, "htmlChecks"))
    checker.close()
    return checker.is_valid and not checker.open and checker.has_content


class _Narrative(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.is_valid = True
        self.has_content = False
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        scripted = any(name.startswith("on") or (value or "").startswith("javascript:") for name, value in attrs)
        self.is_valid = self.is_valid and tag in _HTML_TAGS and not scripted and (bool(self.open) or tag == "div")
        self.has_content = self.has_content or tag == "img"
        if tag not in _VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID_TAGS:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID_TAGS:
            return
        self.is_valid = self.is_valid and bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.has_content = True
            self.is_valid = self.is_valid and bool(self.open)
