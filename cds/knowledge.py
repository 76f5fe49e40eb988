"""What the server knows: all content, compiled, with the services it offers. New content is a new `Knowledge`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cds.cache import NO_CACHE, Cache
from cds.content.artifact import Artifact
from cds.content.dependencies import dependencies
from cds.content.guideline import Guideline, guideline_id
from cds.content.library import Content, ContentService
from cds.content.problems import BrokenContent
from cds.data.data_requirements import DataRequirement, retrieved_codes
from cds.data.prefetch_templates import prefetch_templates
from cds.expressions.logic import Compiler, Logic
from cds.hooks.contexts import HOOKS
from cds.hooks.discovery import CDSService
from cds.reasoning.requirements import data_requirements
from cds.terminology.mappings import Mappings
from cds.terminology.value_sets import ValueSets


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One guideline on one hook, ready to answer: compiled logic, what it reads, what discovery tells.

    `retrieved` are the codes of all Observations that the logic retrieves, None when it may retrieve any; `not_asked`
    the resource types that the logic reads and the site's EHR does not keep.
    """

    id: str
    hook: str
    guideline: Guideline
    logic: Logic
    requirements: tuple[DataRequirement, ...]
    retrieved: frozenset[tuple[str, str]] | None
    not_asked: tuple[str, ...]
    discovery: CDSService


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """All content of one server, ready to answer. Immutable, apart from logic that is compiled when first asked for."""

    content: Content
    compiler: Compiler
    services: Mapping[str, Service]

    @property
    def mappings(self) -> Mappings:
        """What is known of local codes and units."""
        return self.compiler.mappings

    @property
    def value_sets(self) -> ValueSets:
        """The value sets and code systems."""
        return self.compiler.value_sets

    def not_served(self, now: datetime) -> list[str]:
        """Say of every guideline that is not served at `now` why it is not, and what to do."""
        said = []
        for guideline in self.content.guidelines:
            if guideline.withheld:
                said.append(guideline.withheld)
            elif guideline.hooks and not guideline.in_force(now):
                said.append(f"{guideline.id} is not in force now: see the effectivePeriod of its PlanDefinition")
        return said

    def module(self, artifact: Artifact) -> tuple[Guideline, Logic]:
        """Return any PlanDefinition, ActivityDefinition or Library with what it stands on, and its compiled logic.

        The artifact need not be part of the content. Raises `BrokenContent` when something that it refers to is not
        there or cannot be run.
        """
        for guideline in self.content.guidelines:
            if guideline.artifact is artifact:
                return guideline, self.compiler.logic_of(guideline)
        closure = dependencies(artifact, self.content.shelf)
        if closure.problems:
            raise BrokenContent(closure.problems)
        module = Guideline(guideline_id(artifact), artifact, closure, revision="")
        return module, self.compiler.logic_of(module)


def prepare_knowledge(content: Content, *, not_kept: Sequence[str] = (), cache: Cache = NO_CACHE) -> Knowledge:
    """Compile the logic of every guideline and derive what each service reads; raises `ContentError`, `EngineError`.

    `not_kept` are resource types that the site's EHR does not keep: nobody is asked for them. `cache` has the code of
    libraries that were compiled before.
    """
    compiler = Compiler(content, cache=cache)
    compiler.compile_guidelines()
    services = {
        service.id: _prepare(service, compiler.logic_of(service.guideline), not_kept) for service in content.services
    }
    return Knowledge(content=content, compiler=compiler, services=services)


def _prepare(service: ContentService, logic: Logic, not_kept: Sequence[str]) -> Service:
    guideline = service.guideline
    all_requirements = data_requirements(logic, guideline, service.hook)
    requirements = tuple(requirement for requirement in all_requirements if requirement.type not in not_kept)
    hook = HOOKS.get(service.hook)
    discovery = CDSService(
        id=service.id,
        hook=service.hook,
        title=guideline.title,
        description=guideline.description,
        prefetch=prefetch_templates(requirements),
        usage_requirements="Data that are not prefetched are read from the FHIR server of the call; without access to "
        "it, a key that is left out is answered with 412.",
        hook_version=hook.version if hook else None,
    )
    return Service(
        id=service.id,
        hook=service.hook,
        guideline=guideline,
        logic=logic,
        requirements=requirements,
        retrieved=retrieved_codes(requirements, "Observation"),
        not_asked=tuple(sorted({one.type for one in all_requirements} - {one.type for one in requirements})),
        discovery=discovery,
    )
