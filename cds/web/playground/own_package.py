"""Try a guideline package that a visitor brought: what the linter says, and which cards the synthetic patients get."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cds.checks.check import check_readings
from cds.checks.findings import Finding
from cds.content.library import content_from
from cds.content.loader import read_content, read_package
from cds.decisions.decision import Decision
from cds.hooks.feedback import Feedback
from cds.knowledge import Knowledge, prepare_knowledge
from cds.service import World
from cds.web.playground.answer_view import CardView, card_views
from cds.web.playground.hook_calls import call, hook_request
from cds.web.playground.ports import Sandbox, Story
from cds.web.playground.visits import DataMode, Exchange, Visit, action_of

MAX_UPLOAD_BYTES = 2_000_000
MAX_UNPACKED_BYTES = 20_000_000
MAX_FILES = 1_000
MAX_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was found out: `knowledge` is None when the package cannot be served as it is."""

    name: str
    findings: Sequence[Finding]
    knowledge: Knowledge | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAnswers:
    """The cards that one patient got, each with the hooks it came on, and the calls that were refused."""

    story: Story
    cards: Sequence[tuple[CardView, tuple[str, ...]]]
    refused: Sequence[Exchange]


@dataclass(slots=True)
class Trial:
    """The answers for all patients; `asked` patients were reached within the time."""

    answers: list[PatientAnswers] = field(default_factory=list)
    asked: int = 0


def read_and_check(body: bytes, name: str, mappings: Path) -> Tried:
    """Read, check and compile a package together with the shipped mappings. Blocks, for seconds."""
    package = read_package(body, name, max_bytes=MAX_UNPACKED_BYTES, max_files=MAX_FILES)
    readings = [read_content(mappings), package]
    findings = [finding for finding in check_readings(readings) if finding.file.startswith(name) or finding.is_error]
    if any(finding.is_error for finding in findings):
        return Tried(name=name, findings=findings, knowledge=None)
    return Tried(name=name, findings=findings, knowledge=prepare_knowledge(content_from(readings)))


async def try_on_patients(knowledge: Knowledge, world: World, sandbox: Sandbox) -> Trial:
    """Fire every hook of the package's services for every synthetic patient; nothing is recorded."""
    trial = Trial()
    end = time.monotonic() + MAX_SECONDS
    own_world = replace(world, knowledge=knowledge, decision_log=_Nowhere())
    today = world.clock().date()
    for story in sandbox.stories:
        if time.monotonic() > end:
            break
        trial.asked += 1
        drafts = story.chart(today).drafts
        exchanges = [
            await call(
                service,
                hook_request(
                    Visit(story, drafts, service.hook, DataMode.FHIR_SERVER), service, sandbox.store, today.isoformat()
                ),
                own_world,
                sandbox.store,
                sandbox.reader,
            )
            for service in knowledge.services.values()
            if drafts or not service.hook.startswith("order-")
        ]
        cards = _by_card(
            card_views(exchanges, lambda service: knowledge.services[service].guideline, sandbox.store), knowledge
        )
        refused = [exchange for exchange in exchanges if exchange.status != 200]
        if cards or refused:
            trial.answers.append(PatientAnswers(story=story, cards=cards, refused=refused))
    return trial


def _by_card(views: Sequence[CardView], knowledge: Knowledge) -> list[tuple[CardView, tuple[str, ...]]]:
    """Show a card once that came on several hooks."""
    first: dict[tuple[str, str], CardView] = {}
    hooks: dict[tuple[str, str], list[str]] = {}
    for view in views:
        key = (action_of(view.card), view.card["summary"])
        first.setdefault(key, view)
        hooks.setdefault(key, []).append(knowledge.services[view.service].hook)
    return [(view, tuple(hooks[key])) for key, view in first.items()]


class _Nowhere:
    """A decision log for what nobody relies on."""

    async def record(self, decision: Decision) -> None:
        """Forget the decision."""

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...], *, client: str | None) -> int:  # noqa: ARG002 - the port's signature
        return 0
