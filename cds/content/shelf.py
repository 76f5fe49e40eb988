"""All artifacts that were loaded, found by canonical, by relative reference or by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cds.content.artifact import Artifact
from cds.content.canonical import Canonical, version_order
from cds.content.elm import CompiledLibrary


class Shelf:
    """The artifacts of every source together; their types are known by what is found, not by a URL's path (PD-026)."""

    def __init__(
        self, artifacts: Iterable[Artifact], compiled: Mapping[Artifact, CompiledLibrary | None] | None = None
    ) -> None:
        """Take the artifacts, and the ELM of the Libraries among them."""
        self.artifacts = tuple(artifacts)
        self._found: dict[tuple[str, tuple[str, ...]], Artifact] = {}
        self._compiled = dict(compiled or {})
        self._scopes: dict[tuple[str, ...], tuple[CompiledLibrary, ...]] = {}
        self._by_url: dict[str, list[Artifact]] = defaultdict(list)
        self._by_reference: dict[str, Artifact] = {}
        self._by_type: dict[str, list[Artifact]] = defaultdict(list)
        for artifact in self.artifacts:
            self._by_type[artifact.type].append(artifact)
            if artifact.url is not None:
                self._by_url[artifact.url].append(artifact)
            if artifact.id is not None:
                self._by_reference.setdefault(f"{artifact.type}/{artifact.id}", artifact)

    def find(self, canonical: str, *types: str) -> Artifact | None:
        """Return the artifact that `url`, `url|version` or `Type/id` names, of one of `types` if any are given.

        Without a version it is the newest active one, else the newest of any status (PD-026, PD-028).
        """
        known = self._found.get((canonical, types))
        if known is not None:
            return known
        wanted = Canonical.parse(canonical)
        found = [
            artifact
            for artifact in self._by_url.get(wanted.url, ())
            if (not types or artifact.type in types) and wanted.version in (None, artifact.version)
        ]
        if found:
            best = max(found, key=lambda one: (one.resource.get("status") == "active", version_order(one.version)))
            self._found[canonical, types] = best
            return best
        relative = self._by_reference.get(canonical)
        return relative if relative is not None and (not types or relative.type in types) else None

    def of_type(self, *types: str) -> tuple[Artifact, ...]:
        """Return the artifacts of these types, in the order they were read."""
        return tuple(artifact for name in types for artifact in self._by_type.get(name, ()))

    def compiled(self, library: Artifact) -> CompiledLibrary | None:
        """Return the ELM of a Library artifact; None when it carries none."""
        return self._compiled.get(library)

    def compiled_scope(self, canonicals: tuple[str, ...]) -> tuple[CompiledLibrary, ...]:
        """Return the ELM of the libraries that are loaded and compiled, in the order of their canonicals."""
        known = self._scopes.get(canonicals)
        if known is None:
            found = (self.find(canonical, "Library") for canonical in canonicals)
            compiled = (self.compiled(artifact) for artifact in found if artifact is not None)
            known = tuple(library for library in compiled if library is not None)
            if known:  # what names nothing may be anything that somebody sent: it is not kept
                self._scopes[canonicals] = known
        return known

    def find_compiled(self, name: str, version: str | None) -> Artifact | None:
        """Return the Library artifact whose ELM has this identifier: how one ELM library includes another."""
        found = [
            artifact
            for artifact in self.of_type("Library")
            if (compiled := self.compiled(artifact)) and compiled.name == name and version in (None, compiled.version)
        ]
        return max(found, key=lambda artifact: version_order(artifact.version), default=None)
