"""The vocabulary a library declares: value sets, code systems, codes and concepts, as constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds.engine.elm.document import LibraryDocument
from cds.engine.errors import EngineError
from cds.engine.runtime.values import Code, CodeSystem, Concept, ValueSet


class UnknownTerm(EngineError):
    """A reference to vocabulary that is not declared."""


@dataclass(frozen=True)
class Terms:
    """The vocabulary of one library; `includes` are the terms of the libraries it includes, by alias."""

    document: LibraryDocument
    includes: Mapping[str, Terms]

    def value_set(self, name: str) -> ValueSet:
        """Return the value set declared under a name."""
        return ValueSet(*_canonical(_find(self.document.value_sets, name, "value set")), name)

    def code_system(self, name: str) -> CodeSystem:
        """Return the code system declared under a name."""
        return CodeSystem(*_canonical(_find(self.document.code_systems, name, "code system")), name)

    def code(self, name: str) -> Code:
        """Return the code declared under a name, with the URL of its system."""
        declared = _find(self.document.codes, name, "code")
        system = self.system_of(declared.get("codeSystem"))
        url, version = (system.id, system.version) if system else (None, None)
        return Code(text(declared["id"]), url, version, optional_text(declared.get("display")))

    def concept(self, name: str) -> Concept:
        """Return the concept declared under a name."""
        declared = _find(self.document.concepts, name, "concept")
        codes = tuple(self.of(reference).code(reference["name"]) for reference in declared.get("code", []))
        return Concept(codes, optional_text(declared.get("display")))

    def system_of(self, reference: Mapping[str, Any] | None) -> CodeSystem | None:
        """Return the code system that a CodeSystemRef names."""
        return None if reference is None else self.of(reference).code_system(reference["name"])

    def of(self, reference: Mapping[str, Any]) -> Terms:
        """Return the terms of the library that a reference names; without a name, these."""
        alias = reference.get("libraryName")
        if alias is None:
            return self
        if alias not in self.includes:
            message = f"the included library {alias} is not at hand"
            raise UnknownTerm(message)
        return self.includes[alias]


def _canonical(declared: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return URL and version; authors write the version into the URL ("url|2") or beside it."""
    url, _, version = text(declared["id"]).partition("|")
    return url, optional_text(declared.get("version")) or version or None


def text(value: Any) -> str:
    """Return a member of the ELM that must be text. Raises ValueError for anything else."""
    if not isinstance(value, str):
        message = f"text is expected, not {type(value).__name__}"
        raise ValueError(message)
    return value


def optional_text(value: Any) -> str | None:
    """Return a member of the ELM that is text if it is there."""
    return None if value is None else text(value)


def _find(declared: Mapping[str, Mapping[str, Any]], name: str, kind: str) -> Mapping[str, Any]:
    if name not in declared:
        message = f"there is no {kind} {name!r}"
        raise UnknownTerm(message)
    return declared[name]
