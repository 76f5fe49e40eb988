"""A Library's compiled logic: which ELM it carries, and what is defined in it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import orjson

from cds.cache import NO_CACHE, Cache
from cds.content.artifact import Artifact

ELM_JSON = "application/elm+json"
CQL = "text/cql"
_KIND = "library"
_NAME = r'(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_][A-Za-z0-9_]*))'
_QUALIFIED = re.compile(rf"{_NAME}\s*\.\s*{_NAME}")
_UNQUALIFIED = re.compile(_NAME)
_SPACE = re.compile(r"\s+")


class _Expression(msgspec.Struct):
    locator: str | None = None


class _Statement(msgspec.Struct, rename="camel"):
    name: str
    type: str = "ExpressionDef"
    access_level: str = "Public"
    locator: str | None = None
    expression: _Expression | None = None


class _Include(msgspec.Struct):
    path: str
    version: str | None = None


class _Identified(msgspec.Struct):
    id: str
    version: str | None = None


_T = TypeVar("_T")


class _Definitions(msgspec.Struct, Generic[_T]):
    items: list[_T] = msgspec.field(default_factory=list, name="def")


class _Library(msgspec.Struct, rename="camel"):
    identifier: _Identified
    statements: _Definitions[_Statement] = msgspec.field(default_factory=_Definitions)
    includes: _Definitions[_Include] = msgspec.field(default_factory=_Definitions)
    value_sets: _Definitions[_Identified] = msgspec.field(default_factory=_Definitions)


class _Outline(msgspec.Struct):
    """The few members of an ELM document that tell what is in it: the others are passed over, which is fast."""

    library: _Library


_OUTLINE = msgspec.json.Decoder(_Outline)


class UnreadableLogic(Exception):
    """A Library's content cannot be used; the message says which attachment and why."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledLibrary:
    """The ELM of one Library resource.

    `data` is its ELM in base64, as the Library carries it, and `digest` names it; `definitions` are the names of its
    public expressions,
    `includes` the identifiers of the libraries it uses, `sources` the CQL text of each definition with its name, for
    inline expressions that say the same in the same words.
    """

    name: str
    version: str | None
    data: str
    digest: str
    definitions: frozenset[str]
    includes: tuple[tuple[str, str | None], ...]
    value_sets: tuple[str, ...]
    sources: Mapping[str, str]

    @property
    def document(self) -> Mapping[str, Any]:
        """The ELM JSON document (`{"library": …}`), read anew each time: as a tree it takes ten times its text."""
        return _document(self.data)


def compiled_library(artifact: Artifact, cache: Cache = NO_CACHE) -> CompiledLibrary | None:
    """Return the ELM that the Library carries, None when it carries none (CQL IG: `application/elm+json`).

    What is in it is not looked for again where the cache knows it. Raises `UnreadableLogic`.
    """
    attachments = {item.get("contentType"): item.get("data") for item in artifact.resource.get("content", ())}
    data = attachments.get(ELM_JSON)
    if data is None:
        return None
    cql = attachments.get(CQL)
    try:
        digest = hashlib.sha256(data.encode()).hexdigest()
    except AttributeError:
        msg = f"the attachment {ELM_JSON} is no text"
        raise UnreadableLogic(msg) from None
    key = hashlib.sha256(f"{digest}\n{cql}".encode()).hexdigest()
    kept = cache.get(_KIND, key)
    found = orjson.loads(kept) if kept is not None else _contents(data, cql)
    if kept is None:
        cache.put(_KIND, key, orjson.dumps(found))
    return CompiledLibrary(
        name=found["name"],
        version=found["version"],
        data=data,
        digest=digest,
        definitions=frozenset(found["definitions"]),
        includes=tuple((path, version) for path, version in found["includes"]),
        value_sets=tuple(found["value_sets"]),
        sources=found["sources"],
    )


def _contents(data: str, cql: str | None) -> dict[str, Any]:
    """Return what a compiled library says of itself, as JSON. Raises `UnreadableLogic`."""
    try:
        library = _OUTLINE.decode(base64.b64decode(data, validate=True).decode()).library
    except (binascii.Error, ValueError, RecursionError, msgspec.DecodeError) as error:
        msg = f"the attachment {ELM_JSON} is not base64 of an ELM document ({type(error).__name__}: {error})"
        raise UnreadableLogic(msg) from None
    expressions = [item for item in library.statements.items if item.type != "FunctionDef"]
    return {
        "name": library.identifier.id,
        "version": library.identifier.version,
        "definitions": [
            item.name for item in expressions if item.expression is not None and item.access_level != "Private"
        ],
        "includes": [(item.path, item.version) for item in library.includes.items],
        "value_sets": [item.id + (f"|{item.version}" if item.version else "") for item in library.value_sets.items],
        "sources": _sources(cql, expressions),
    }


def _document(data: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = orjson.loads(base64.b64decode(data, validate=True))
    return document


def _sources(data: str | None, expressions: Iterable[_Statement]) -> dict[str, str]:
    """Map the CQL text of each definition's expression, white space folded, to the definition's name."""
    if data is None:
        return {}
    try:
        lines = base64.b64decode(data, validate=True).decode().splitlines()
    except (binascii.Error, UnicodeDecodeError) as error:
        msg = f"the attachment {CQL} is not base64 of a text ({error})"
        raise UnreadableLogic(msg) from None
    sources = {}
    for item in expressions:
        locator = (item.expression and item.expression.locator) or item.locator
        if locator:
            text = _text_at(lines, locator)
            sources[folded(text.partition(":")[2] if text.startswith("define") else text)] = item.name
    return sources


def _text_at(lines: list[str], locator: str) -> str:
    """Cut the text at an ELM locator, `line:column-line:column` or `line:column`, both from 1 and inclusive."""
    start, _, end = locator.partition("-")
    first_line, first_column = (int(part) for part in start.split(":"))
    last_line, last_column = (int(part) for part in (end or start).split(":"))
    cut = lines[first_line - 1 : last_line]
    cut[-1] = cut[-1][:last_column]
    cut[0] = cut[0][first_column - 1 :]
    return "\n".join(cut)


def folded(text: str) -> str:
    """Return CQL text with every run of white space as one space."""
    return _SPACE.sub(" ", text).strip()


class DefinitionName(NamedTuple):
    """A definition that an expression refers to: the library's name and the definition's name."""

    library: str
    definition: str


def resolve_definition(text: str, libraries: Iterable[CompiledLibrary]) -> DefinitionName | str:
    """Find the definition that `text` names among the libraries in scope, or say why there is none.

    One library in scope: its names resolve. Several: the name must be qualified, `Library."Definition"`; an unqualified
    name is an error, not a first match (PD-044).
    """
    scope = tuple(libraries)
    if not scope:
        return "no library is in scope: name one in the element library"
    name, unqualified, qualified = _read_name(text)
    if len(scope) == 1 and unqualified in scope[0].definitions:
        return DefinitionName(scope[0].name, unqualified)
    if qualified is not None:
        for library in scope:
            if library.name == qualified.library and qualified.definition in library.definitions:
                return qualified
    holders = [library for library in scope if unqualified in library.definitions]
    names = " and ".join(library.name for library in scope)
    if holders and len(scope) > 1:
        return f'{unqualified!r} needs its library ({names}): write {holders[0].name}."{unqualified}"'
    known = [definition for library in scope for definition in library.definitions]
    wanted = qualified.definition if qualified else unqualified
    similar = get_close_matches(wanted, known, n=1)
    hint = f"did you mean {similar[0]!r}?" if similar else "correct the name, or define it there"
    return f"{name!r} is not a public definition of {names}: {hint}"


@lru_cache(maxsize=16_384)
def _read_name(text: str) -> tuple[str, str, DefinitionName | None]:
    """Return the name without space around it, as an unqualified name, and as a qualified one if it is one."""
    name = text.strip()
    plain, qualified = _UNQUALIFIED.fullmatch(name), _QUALIFIED.fullmatch(name)
    pair = DefinitionName(_unescaped(qualified, 1), _unescaped(qualified, 3)) if qualified else None
    return name, _unescaped(plain) if plain else name, pair


def _unescaped(match: re.Match[str], group: int = 1) -> str:
    quoted, bare = match.group(group), match.group(group + 1)
    return re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
