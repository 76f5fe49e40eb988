"""What a FHIRPath evaluation sees besides clock and budget: resources to resolve, a listener to `trace`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Required, TypedDict, Unpack

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.inputs import moment
from cds.engine.run import Run

MAX_STEPS = 2_000_000
Trace = Callable[[str, list[Any]], None]


class World(TypedDict, total=False):
    """What an evaluation may see and use. `now` is an aware datetime and always needed."""

    now: Required[dt.datetime]
    resources: Iterable[Mapping[str, Any]]  # what resolve() may find, besides focus and variables
    value_sets: Any  # the port with codes(url, version), for memberOf()
    trace: Trace | None  # called by trace() with name and items
    max_steps: int
    deadline: float | None  # a time.monotonic() value


class FHIRPathRun(Run):
    """One evaluation over the focus and the variables `handed_in`."""

    __slots__ = ("_contained", "_known", "_roots", "trace")

    def __init__(self, handed_in: Iterable[Any], **world: Unpack[World]) -> None:
        super().__init__(
            now=moment(world["now"]),
            value_sets=world.get("value_sets"),
            max_steps=world.get("max_steps", MAX_STEPS),
            deadline=world.get("deadline"),
        )
        self.trace = world.get("trace")
        self._roots = (handed_in, world.get("resources", ()))
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
        pending: list[Any] = list(self._roots)
        while pending:
            root = pending.pop()
            if isinstance(root, dict):
                _add(known, root)
                self._note_references(root)
                if root.get("resourceType") == "Bundle":
                    pending.extend(_entries(known, root))
            elif isinstance(root, Iterable) and not isinstance(root, str | Mapping):
                pending.extend(root)
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


def _entries(known: dict[str, Mapping[str, Any]], bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the resources of a Bundle, which may also be known by their full URLs."""
    found: list[Mapping[str, Any]] = []
    for entry in bundle.get("entry") or ():
        resource = entry.get("resource")
        if isinstance(resource, dict):
            found.append(resource)
            if isinstance(entry.get("fullUrl"), str):
                known.setdefault(entry["fullUrl"], resource)
    return found


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
