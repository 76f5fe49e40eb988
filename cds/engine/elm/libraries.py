"""Many ELM libraries → compiled code: included ones first, and what is stored is not compiled again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cds.engine.elm import stored
from cds.engine.elm.compile import CompiledLibrary, compile_library, library_key, remember, remembered
from cds.engine.elm.document import LibraryDocument, read_library
from cds.engine.elm.fhir_helpers import is_fhir_helpers
from cds.engine.elm.stored import Store
from cds.engine.errors import Problem, UnsupportedError


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """An ELM library whose document ({"library": {...}}) is read only when its code is not at hand.

    `digest` names its content: two with the same digest are the same library. `includes` are path and version of the
    libraries it uses.
    """

    name: str
    digest: str
    includes: tuple[tuple[str, str | None], ...]
    read: Callable[[], Mapping[str, Any]]


def compile_all(
    libraries: Iterable[Mapping[str, Any] | LibrarySource], variants: Collection[bool], store: Store | None
) -> dict[str, CompiledLibrary]:
    """Compile libraries, included ones first. Raises UnsupportedError with every problem of every library.

    One that comes after all it includes is compiled as it comes and kept in outline: then the trees of all libraries
    need not be in memory together. Such a one, given as a source, is taken from the `store` where that has it.
    """
    compilation = _Compilation(variants, store)
    for library in libraries:
        compilation.take(library)
    compilation.finish()
    if compilation.problems:
        raise UnsupportedError(compilation.problems)
    return compilation.compiled


class _Compilation:
    def __init__(self, variants: Collection[bool], store: Store | None) -> None:
        self._variants = variants
        self._store = store
        self._by_name: dict[str, LibraryDocument] = {}
        self._failed: set[str] = set()
        self.problems: list[Problem] = []
        self.compiled: dict[str, CompiledLibrary] = {}

    def take(self, given: Mapping[str, Any] | LibrarySource) -> None:
        """Compile one library, if what it includes is compiled; else it waits for `finish`."""
        if not isinstance(given, LibrarySource):
            document = read_library(given)
        elif self._known(given):
            return
        else:
            document = read_library(given.read(), digest=given.digest)
        if is_fhir_helpers(document.name):
            return
        if document.name in self._by_name:
            self.problems.append(Problem(document.title, None, "library", "the library is given twice"))
            return
        self._by_name[document.name] = document
        names = {alias: named(path, self.compiled) for alias, path in includes_of(document).items()}
        if all(name in self.compiled for name in names.values()) and not _other_versions(document, self._by_name):
            self._settle(document, names, keep=isinstance(given, LibrarySource))

    def finish(self) -> None:
        """Compile those that were given before what they include."""
        done = self.compiled.keys() | self._failed
        waiting = [document for name, document in self._by_name.items() if name not in done]
        while waiting:
            left = [document for document in waiting if not self._is_settled(document)]
            if len(left) == len(waiting):
                reason = "libraries include each other in a circle"
                self.problems += [Problem(document.title, None, "include", reason) for document in left]
                return
            waiting = left

    def _is_settled(self, document: LibraryDocument) -> bool:
        """Compile one, or say why that is not possible; False when it has to wait for another."""
        wanted = includes_of(document)
        names = {alias: named(path, self._by_name) for alias, path in wanted.items()}
        done = self.compiled.keys() | self._failed
        if any(name in self._by_name and name not in done for name in names.values()):
            return False
        missing = [wanted[alias] for alias, name in names.items() if name not in self._by_name]
        problems = [Problem(document.title, None, "include", f"the library {path} is not at hand") for path in missing]
        problems += _other_versions(document, self._by_name)
        if problems:
            self.problems += problems
            self._failed.add(document.name)
        else:
            self._settle(document, names, keep=False)
        return True

    def _settle(self, document: LibraryDocument, names: Mapping[str, str], *, keep: bool) -> None:
        done = None
        if not any(name in self._failed for name in names.values()):
            included = {alias: self.compiled[name] for alias, name in names.items()}
            done = compile_library(document, included, self.problems, variants=self._variants)
            if done is not None and self._store is not None and keep:
                stored.save(self._store, done, included.values())
        if done is None:
            self._failed.add(document.name)
        else:
            self._keep(done)

    def _known(self, source: LibrarySource) -> bool:
        """Take a library that was compiled before, in this process or in an earlier one; say whether there is one."""
        names = {named(path, self.compiled) for path, _ in source.includes if not is_fhir_helpers(path)}
        if source.name in self._by_name or not all(name in self.compiled for name in names):
            return False
        included = [self.compiled[name] for name in names]
        key = library_key(source.digest, included)
        found = remembered(key, self._variants)
        if found is None and self._store is not None:
            found = stored.load(self._store, key, included)
        if found is None or not all(explain in found.modules for explain in self._variants):
            return False
        remember(found)
        self._keep(found)
        return True

    def _keep(self, library: CompiledLibrary) -> None:
        self.compiled[library.document.name] = library
        self._by_name[library.document.name] = library.document


def includes_of(document: LibraryDocument) -> dict[str, str]:
    """Return the path of every included library by its alias, but for the one that the engine answers itself."""
    return {alias: path for alias, (path, _) in document.includes.items() if not is_fhir_helpers(path)}


def _other_versions(document: LibraryDocument, by_name: Mapping[str, LibraryDocument]) -> list[Problem]:
    """List the includes that ask for another version than the one at hand."""
    problems = []
    for path, version in document.includes.values():
        found = by_name.get(named(path, by_name))
        if found is not None and version is not None and found.version not in (None, version):
            reason = f"version {version} of {path} is asked for, {found.version} is at hand"
            problems.append(Problem(document.title, None, "include", reason))
    return problems


def named(path: str, by_name: Mapping[str, Any]) -> str:
    """Return the name of an included library: its path, with or without the namespace."""
    return path if path in by_name else path.replace("/", ".").rpartition(".")[2]
