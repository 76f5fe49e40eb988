"""All content of one server: read from folders and packages, checked, and found by service id or canonical."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cds.cache import NO_CACHE, Cache
from cds.content.artifact import Artifact
from cds.content.dependencies import dependencies
from cds.content.elm import CompiledLibrary, UnreadableLogic, compiled_library
from cds.content.guideline import Guideline, guideline_id, revision
from cds.content.integrity import problems
from cds.content.loader import Reading, read_contents
from cds.content.problems import BrokenContent, Problem
from cds.content.shelf import Shelf
from cds.errors import ContentError, NotFound


@dataclass(frozen=True, slots=True)
class ContentService:
    """One guideline offered on one hook; `id` is `<guideline>-<hook>`."""

    id: str
    hook: str
    guideline: Guideline


class UnknownGuideline(ContentError):
    """A guideline is asked for by an id that none has."""


class Content:
    """What this server knows. Immutable: new content is a new `Content`.

    Guidelines that are not published (PD-018) get no services, unless `unpublished` asks for them: to test a draft.
    """

    def __init__(self, shelf: Shelf, guidelines: Sequence[Guideline], *, unpublished: bool = False) -> None:
        self.shelf = shelf
        self.guidelines = tuple(guidelines)
        self.services = tuple(
            ContentService(f"{guideline.id}-{hook}", hook, guideline)
            for guideline in self.guidelines
            if guideline.published or unpublished
            for hook in guideline.hooks
        )
        self._services = {service.id: service for service in self.services}

    def find_service(self, service_id: str) -> ContentService:
        """Return the service with this id; raise `NotFound` when there is none."""
        service = self._services.get(service_id)
        if service is None:
            msg = "there is no CDS service with this id: GET /cds-services lists those that are"
            raise NotFound(msg)
        return service

    def find_guideline(self, name: str) -> Guideline:
        """Return the guideline with this id; raise `UnknownGuideline` when there is none."""
        for guideline in self.guidelines:
            if guideline.id == name:
                return guideline
        known = ", ".join(sorted(guideline.id for guideline in self.guidelines)) or "none"
        msg = f"there is no guideline called {name!r}; those loaded are: {known}"
        raise UnknownGuideline(msg)


def load_content(
    paths: Iterable[Path],
    guidelines: Iterable[str] | None = None,
    *,
    more: Iterable[Reading] = (),
    cache: Cache = NO_CACHE,
) -> Content:
    """Read every folder and package, check that all of it is whole, and keep the guidelines named (None: all).

    `more` is what was read elsewhere, such as from a FHIR server; `cache` knows what was found in files before.

    Raises `BrokenContent` with every problem found, and `UnknownGuideline` when one that is named is not there.
    """
    readings = [*read_contents(paths, cache), *more]
    content = content_from(readings, cache)
    if guidelines is None:
        return content
    return Content(content.shelf, [content.find_guideline(name) for name in guidelines])


def content_from(readings: Sequence[Reading], cache: Cache = NO_CACHE) -> Content:
    """Put what was read together; raise `BrokenContent` with every problem found."""
    content, found = examine(readings, cache)
    if found:
        raise BrokenContent(found)
    return content


def examine(readings: Sequence[Reading], cache: Cache = NO_CACHE) -> tuple[Content, list[Problem]]:
    """Put what was read together as far as it can be, and return every problem with it: for a linter, not to serve."""
    digests = {file: digest for reading in readings for file, digest in reading.digests.items()}
    found = [problem for reading in readings for problem in reading.problems]
    readable: list[Artifact] = []
    compiled: dict[Artifact, CompiledLibrary | None] = {}
    for artifact in (artifact for reading in readings for artifact in reading.artifacts):
        try:
            if artifact.type == "Library":
                compiled[artifact] = compiled_library(artifact, cache)
            readable.append(artifact)
        except UnreadableLogic as error:
            found.append(Problem(artifact.file, artifact.at("content"), f"{error}: run `cds elm build`"))
    shelf = Shelf(readable, compiled)
    guidelines = []
    for plan in shelf.of_type("PlanDefinition"):
        closure = dependencies(plan, shelf)
        guidelines.append(Guideline(guideline_id(plan), plan, closure, revision(closure, digests)))
    found += problems(shelf, guidelines)
    return Content(shelf, guidelines), found
