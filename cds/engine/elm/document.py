"""An ELM library as a document: its parts by name, and its content hash.

https://cql.hl7.org/elm.html#library
"""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cds.engine.errors import EngineError

Json = Mapping[str, Any]


@dataclass(frozen=True)
class LibraryDocument:
    """The parts of one ELM library; `functions` lists overloads by name, `includes` maps alias to (path, version)."""

    name: str
    version: str | None
    digest: str
    usings: tuple[tuple[str, str | None], ...]
    includes: Mapping[str, tuple[str, str | None]]
    parameters: Mapping[str, Json]
    code_systems: Mapping[str, Json]
    value_sets: Mapping[str, Json]
    codes: Mapping[str, Json]
    concepts: Mapping[str, Json]
    definitions: Mapping[str, Json]
    functions: Mapping[str, tuple[Json, ...]]
    translator_errors: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """The name with its version, for messages."""
        return f"{self.name}|{self.version}" if self.version else self.name

    def outline(self) -> LibraryDocument:
        """Return the document without the expressions: enough for who uses the library once it is compiled."""
        return replace(
            self,
            definitions={name: _outline(one) for name, one in self.definitions.items()},
            functions={name: tuple(map(_outline, overloads)) for name, overloads in self.functions.items()},
            parameters={name: _outline(one) for name, one in self.parameters.items()},
        )


def read_library(document: Json, *, digest: str | None = None) -> LibraryDocument:
    """Read {"library": {...}} as the translator writes it; `digest` names its content, if that is done already.

    Raises EngineError when it is not an ELM library.
    """
    library = document.get("library") if isinstance(document, Mapping) else None
    identifier = library.get("identifier") if isinstance(library, Mapping) else None
    if not isinstance(library, Mapping) or not isinstance(identifier, Mapping) or not identifier.get("id"):
        raise EngineError("this is not an ELM library: a JSON object with library.identifier.id is expected")
    name = str(identifier["id"])
    try:
        return _read(name, identifier.get("version"), library, digest)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        message = f"{name}: the ELM is malformed ({type(error).__name__}: {error})"
        raise EngineError(message) from error


def _read(name: str, version: str | None, library: Json, digest: str | None) -> LibraryDocument:
    statements = _definitions(library, "statements")
    functions: dict[str, tuple[Json, ...]] = {}
    for statement in statements:
        if statement.get("type") == "FunctionDef":
            functions[_name(statement)] = (*functions.get(_name(statement), ()), statement)
    return LibraryDocument(
        name=name,
        version=version,
        digest=digest or _digest(library),
        usings=tuple((d.get("uri", ""), d.get("version")) for d in _definitions(library, "usings")),
        includes={
            str(d["localIdentifier"]): (str(d["path"]), d.get("version")) for d in _definitions(library, "includes")
        },
        parameters=_by_name(library, "parameters"),
        code_systems=_by_name(library, "codeSystems"),
        value_sets=_by_name(library, "valueSets"),
        codes=_by_name(library, "codes"),
        concepts=_by_name(library, "concepts"),
        definitions={_name(d): d for d in statements if d.get("type") != "FunctionDef"},
        functions=functions,
        translator_errors=tuple(_translator_errors(library)),
    )


def _outline(statement: Json) -> Json:
    return {member: statement[member] for member in _OUTLINE if member in statement}


_OUTLINE = ("name", "context", "accessLevel", "locator", "type")


def _digest(library: Json) -> str:
    """Hash the content. Version 2 of marshal writes equal content alike, and fast; it knows no Decimal and no depth."""
    try:
        return hashlib.sha256(marshal.dumps(dict(library), 2)).hexdigest()
    except ValueError:
        return _digest_of_any_depth(library)


def _digest_of_any_depth(library: Json) -> str:
    digest = hashlib.sha256()
    pending: list[Any] = [library]
    while pending:
        part = pending.pop()
        if isinstance(part, Mapping):
            names = sorted(part, key=str)
            digest.update(f"{{{len(names)}".encode())
            for name in names:
                digest.update(json.dumps(str(name)).encode())
                pending.append(part[name])
        elif isinstance(part, list):
            digest.update(f"[{len(part)}".encode())
            pending.extend(part)
        else:
            digest.update(json.dumps(part, default=str).encode())
    return digest.hexdigest()


def _definitions(library: Json, section: str) -> list[Json]:
    found = library.get(section) or {}
    definitions = found.get("def") or []
    if not all(isinstance(definition, Mapping) for definition in definitions):
        message = f"{section} holds something that is no definition"
        raise ValueError(message)
    return list(definitions)


def _by_name(library: Json, section: str) -> dict[str, Json]:
    return {_name(definition): definition for definition in _definitions(library, section)}


def _name(definition: Json) -> str:
    name = definition["name"]
    if not isinstance(name, str):
        message = "a name that is no text"
        raise TypeError(message)
    return name


def _translator_errors(library: Json) -> list[str]:
    notes = library.get("annotation") or []
    return [
        f"{note.get('startLine')}:{note.get('startChar')} {note.get('message')}"
        for note in notes
        if note.get("type") == "CqlToElmError" and note.get("errorSeverity", "error").lower() == "error"
    ]
