"""One ELM library → compiled code, remembered by the content of the library and of all it includes."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from cds.engine import trampoline
from cds.engine.elm import types, units
from cds.engine.elm.chapters import CHAPTERS
from cds.engine.elm.document import LibraryDocument
from cds.engine.elm.lowering import MALFORMED, Lowering
from cds.engine.elm.signatures import FunctionSignature, LibraryInterface
from cds.engine.elm.terminology import Terms
from cds.engine.emit import Module, ModuleWriter
from cds.engine.emit.memory import Remembered
from cds.engine.errors import EngineError, Problem
from cds.engine.requirements import Retrieve
from cds.engine.trampoline import Deep

assert CHAPTERS  # importing it registers the operators

_REMEMBERED = 256


class NamedModule(NamedTuple):
    """Code, and the name in it of each ("definition" | "function" | "parameter", name)."""

    module: Module
    names: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class CompiledLibrary:
    """A library ready to be linked. Shared by engines and threads.

    `functions` are the keys of its functions, `defaults` the parameters that have one. `modules` holds the code in the
    variants that were asked for: without (False) and with (True) notes for evidence.
    """

    key: str
    document: LibraryDocument
    interface: LibraryInterface
    functions: tuple[str, ...]
    defaults: frozenset[str]
    references: Mapping[str, frozenset[tuple[str, str]]]
    retrieves: Mapping[str, tuple[Retrieve, ...]]
    modules: Mapping[bool, NamedModule]

    @property
    def definitions(self) -> Mapping[str, types.Type]:
        """The definitions with their types, each after those that it uses."""
        return self.interface.definitions


_cache: OrderedDict[str, CompiledLibrary] = OrderedDict()
_lock = threading.RLock()


def library_key(digest: str, includes: Iterable[CompiledLibrary]) -> str:
    """Name the code of a library by what it is made of: a digest of its own content, and the keys of what it includes.

    What an alias stands for is part of the content.
    """
    parts = [digest, *sorted(f"{library.document.name}={library.key}" for library in includes)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def remembered(key: str, variants: Collection[bool]) -> CompiledLibrary | None:
    """Return what was compiled before, if it has the code in these variants."""
    with _lock:
        known = _cache.get(key)
        if known is None or not all(explain in known.modules for explain in variants):
            return None
        _cache.move_to_end(key)
        return known


def remember(library: CompiledLibrary) -> None:
    """Keep a compiled library for the next engine of this process."""
    with _lock:
        _cache[library.key] = library
        while len(_cache) > _REMEMBERED:
            _cache.popitem(last=False)


def compile_library(
    document: LibraryDocument,
    includes: Mapping[str, CompiledLibrary],
    problems: list[Problem],
    *,
    variants: Collection[bool],
) -> CompiledLibrary | None:
    """Compile a library whose includes (by alias) are compiled; adds to `problems` and returns None if it cannot be.

    `variants` says which code is needed: without (False), with (True) notes for the evidence.
    """
    key = library_key(document.digest, includes.values())
    known = remembered(key, variants)
    if known is not None:
        return known
    lowering = _lower(document, {alias: library.interface for alias, library in includes.items()})
    if lowering.problems:
        problems.extend(lowering.problems)
        return None
    try:
        modules = {explain: _write(lowering, explain=explain) for explain in variants}
    except EngineError as error:
        problems.append(Problem(document.title, None, "library", str(error)))
        return None
    compiled = _compiled(key, lowering, modules)
    remember(compiled)
    return compiled


def _write(lowering: Lowering, *, explain: bool) -> NamedModule:
    writer = ModuleWriter(lowering.library.title, explain=explain)
    names: dict[tuple[str, str], str] = {}
    kinds = (
        ("definition", lowering.definitions),
        ("function", lowering.functions),
        ("parameter", lowering.defaults),
    )
    for kind, lowered in kinds:
        for key, function in lowered.items():
            hint = function.name if kind == "definition" else f"{kind} {function.name}"
            names[(kind, key)] = writer.add_function(
                hint,
                function.parameters,
                function.body,
                definition=function.name,
                remembered=_remembered(lowering, key) if kind == "function" else None,
            )
    return NamedModule(replace(writer.build(), source=""), names)  # nobody reads it: it is as long as the code


def _remembered(lowering: Lowering, function: str) -> Remembered:
    signature = lowering.signatures[function]
    by_value = tuple(type_ in (types.STRING, types.INTEGER, types.BOOLEAN) for _, type_ in signature.operands)
    return Remembered(f"{lowering.library.name}.{function}", by_value, signature.silent)


def _lower(document: LibraryDocument, includes: Mapping[str, LibraryInterface]) -> Lowering:
    terms = Terms(document, {alias: library.terms for alias, library in includes.items()})
    lowering = Lowering(document, includes, terms)
    for error in document.translator_errors:
        lowering.refuse("translator", f"the library was translated with an error: {error}")
    for uri, version in document.usings:
        if uri == types.FHIR_URI and version != "4.0.1":
            lowering.refuse("using", f"FHIR {version} is not supported, only 4.0.1")
        elif uri not in (types.FHIR_URI, types.SYSTEM_URI):
            lowering.refuse("using", f"the model {uri} is not supported, only FHIR 4.0.1")
    try:
        trampoline.run(_everything(lowering))
    except MALFORMED as error:
        lowering.refuse("library", f"the ELM is malformed ({type(error).__name__}: {error})")
    return lowering


def _everything(lowering: Lowering) -> Deep[None]:
    for name in lowering.library.parameters:
        yield units.parameter(lowering, name)
    for name in lowering.library.definitions:
        yield units.definition(lowering, name)
    yield units.every_function(lowering)


def _compiled(key: str, lowering: Lowering, modules: Mapping[bool, NamedModule]) -> CompiledLibrary:
    overloads: dict[str, tuple[FunctionSignature, ...]] = {}
    for function_key, signature in lowering.signatures.items():
        name = lowering.functions[function_key].name
        overloads[name] = (*overloads.get(name, ()), signature)
    outline = lowering.library.outline()
    interface = LibraryInterface(
        outline,
        replace(lowering.terms, document=outline),
        {name: lowered.type for name, lowered in lowering.definitions.items()},
        dict(lowering.parameters),
        overloads,
    )
    return CompiledLibrary(
        key,
        outline,
        interface,
        tuple(lowering.functions),
        frozenset(lowering.defaults),
        {unit: frozenset(found) for unit, found in lowering.references.items()},
        {unit: tuple(found) for unit, found in lowering.retrieves.items()},
        modules,
    )
