"""What a FHIRPath evaluation sees besides clock and budget: resources to resolve, a listener to `trace`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.run import Run

Trace = Callable[[str, list[Any]], None]


class FHIRPathRun(Run):
    """One evaluation. `roots` gives the resources handed in: the focus, the variables, and those to resolve."""

    __slots__ = ("_contained", "_known", "roots", "trace")

    def __init__(self, *, roots: Callable[[], Iterable[Any]], trace: Trace | None, **world: Any) -> None:
        super().__init__(**world)
        self.roots = roots
        self.trace = trace
        self._known: dict[str, Mapping[str, Any]] | None = None
        self._contained: dict[int, Mapping[str, Any]] = {}

    def resolve(self, reference: str, element: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Find the resource a reference means, among the resources handed in and what they contain; else None.

        `element` is the Reference itself: a reference such as `#org` is looked up in the resource that it stands in.
        """
        if self._known is None:
            self._index()
        assert self._known is not None
        if not reference.startswith("#"):
            return self._known.get(reference.partition("/_history/")[0].partition("|")[0])
        container = self._contained.get(id(element))
        if container is None:
            return None
        if reference == "#":
            return container
        wanted = reference.removeprefix("#")
        return next((inner for inner in container.get("contained", ()) if inner.get("id") == wanted), None)

    def _index(self) -> None:
        known: dict[str, Mapping[str, Any]] = {}
        for root in self.roots():
            if not isinstance(root, dict):
                continue
            _add(known, root)
            if root.get("resourceType") == "Bundle":
                for entry in root.get("entry") or ():
                    resource = entry.get("resource")
                    if isinstance(resource, dict):
                        known.setdefault(entry.get("fullUrl") or "", resource)
                        _add(known, resource)
                        self._note_references(resource)
            self._note_references(root)
        self._known = known

    def _note_references(self, root: Mapping[str, Any]) -> None:
        """Remember for every Reference of a resource with contained ones that it stands in this resource."""
        if not root.get("contained"):
            return
        pending: list[Any] = [root]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                if isinstance(value.get("reference"), str):
                    self._contained[id(value)] = root
                pending.extend(value.values())
            elif isinstance(value, list):
                pending.extend(value)


def _add(known: dict[str, Mapping[str, Any]], resource: Mapping[str, Any]) -> None:
    name, id_, url = resource.get("resourceType"), resource.get("id"), resource.get("url")
    if isinstance(name, str) and isinstance(id_, str):
        known.setdefault(f"{name}/{id_}", resource)
    if isinstance(url, str):
        known.setdefault(url, resource)


def value_set_codes(run: Run, url: str) -> Mapping[str, frozenset[str]]:
    """Get the codes of a value set by its canonical; an unknown one is an error, never an empty one."""
    address, _, version = url.partition("|")
    codes = None if run.value_sets is None else run.value_sets.codes(address, version or None)
    if codes is None:
        message = f"the value set {url} is not known"
        raise EvaluationError(message)
    found: Mapping[str, frozenset[str]] = codes
    return found
