"""The registry of expression languages: a media type, and how an expression in it is run (PD-040 … PD-043).

To add a language, write a function with the signature of `Language` and enter it in `LANGUAGES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from cds.content.elm import CompiledLibrary, DefinitionName, folded, resolve_definition
from cds.content.integrity import compiled_libraries
from cds.content.shelf import Shelf
from cds.expressions.evaluation import Found, Scope, UnsupportedExpression


class Runner(Protocol):
    """What a language may ask of the call it runs in."""

    def definition(self, name: DefinitionName) -> Found:
        """Return the value of a CQL definition. Raises `EngineError`."""

    def fhirpath(self, expression: str, scope: Scope) -> Found:
        """Return the collection that a FHIRPath expression gives, and its facts. Raises `EngineError`."""


Language = Callable[[Runner, str, Scope], Found]
_NAMES = 4096  # as many as a handful of guidelines have


def cql_identifier(runner: Runner, text: str, scope: Scope) -> Found:
    """Run the definition that the expression names."""
    return runner.definition(_named(text, scope.libraries))


def cql(runner: Runner, text: str, scope: Scope) -> Found:
    """Run CQL: the exact name of a definition, or an inline expression of which the library ships the ELM.

    Nothing is translated at run time: an inline expression runs if a definition of a library in scope has the same
    text, white space apart.
    """
    return runner.definition(_named_or_inline(text, scope.libraries))


def fhirpath(runner: Runner, text: str, scope: Scope) -> Found:
    """Run FHIRPath with the subject as focus (PD-048)."""
    return runner.fhirpath(text, scope)


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "text/cql-identifier": cql_identifier,
        "text/cql.identifier": cql_identifier,
        "text/cql.name": cql_identifier,
        "text/cql": cql,
        "text/cql-expression": cql,
        "text/cql.expression": cql,
        "text/fhirpath": fhirpath,
    }
)


def definition_of(
    expression: Mapping[str, Any], libraries: tuple[CompiledLibrary, ...], shelf: Shelf
) -> DefinitionName | None:
    """Return the CQL definition that a FHIR Expression runs, None for another language or what cannot be run."""
    if "reference" in expression:
        return _definition(expression, compiled_libraries([expression["reference"]], shelf))
    return _definition(expression, libraries)


def definition_in(expression: Mapping[str, Any], libraries: tuple[CompiledLibrary, ...]) -> DefinitionName | None:
    """Return as `definition_of`, but None for an expression that names its library itself, which a shelf must find."""
    return None if "reference" in expression else _definition(expression, libraries)


def _definition(expression: Mapping[str, Any], libraries: tuple[CompiledLibrary, ...]) -> DefinitionName | None:
    language, text = LANGUAGES.get(_essence(expression.get("language", ""))), expression.get("expression")
    if text is None or language not in (cql_identifier, cql):
        return None
    try:
        return (_named if language is cql_identifier else _named_or_inline)(text, libraries)
    except UnsupportedExpression:
        return None


def find_language(media_type: str) -> Language:
    """Return the language of a media type, whatever its case and parameters (PD-041).

    Raises `UnsupportedExpression` when the server does not know it.
    """
    language = LANGUAGES.get(media_type) or LANGUAGES.get(_essence(media_type))
    if language is None:
        msg = f"expressions in {media_type!r} are not supported; supported are {', '.join(LANGUAGES)}"
        raise UnsupportedExpression(msg)
    return language


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


@lru_cache(_NAMES)
def _resolved(text: str, libraries: tuple[CompiledLibrary, ...]) -> DefinitionName | str:
    return resolve_definition(text, libraries)


def _named(text: str, libraries: tuple[CompiledLibrary, ...]) -> DefinitionName:
    name = _resolved(text, libraries)
    if isinstance(name, str):
        raise UnsupportedExpression(name)
    return name


def _named_or_inline(text: str, libraries: tuple[CompiledLibrary, ...]) -> DefinitionName:
    name = _resolved(text, libraries)
    if isinstance(name, DefinitionName):
        return name
    for library in libraries:
        definition = library.sources.get(folded(text))
        if definition is not None:
            return DefinitionName(library.name, definition)
    msg = f"inline CQL needs its compiled form: define {text!r} in the library, and run `cds elm build`"
    raise UnsupportedExpression(msg)
