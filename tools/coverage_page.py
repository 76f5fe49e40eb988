"""Write docs/coverage/: per guideline which recommendation is which actions, CQL definitions and cases.

    python -m tools.coverage_page

Counted is against the guideline's catalogue of recommendations where it is at hand (CDS_SHARED, else ../shared), else
against CodeSystem/recommendation.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds.checks.guideline_rules import recommendation_of
from cds.content.guideline import Guideline
from cds.content.library import Content, load_content
from cds.content.shelf import Shelf
from cds.content.walk import named_events, recommendations
from cds.expressions.logic_graph import LogicGraph, Unit
from cds.expressions.own_libraries import condition_definitions, logic_graph, own_libraries
from cds.tester.cases import Case, read_cases
from tools.case_kinds import KINDS, kinds

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "coverage"
SHARED = Path(os.environ.get("CDS_SHARED", ROOT.parent / "shared"))
_INDICATORS = {"routine": "info", "urgent": "warning", "asap": "warning", "stat": "critical"}
_KINDS_EXPLAINED = (
    "Counted are cases; the last five columns are told from their data and names. A boundary pair is two cases that "
    "differ in one number or date, by little, and in their card. A dash is a kind without a case: a gap, or a kind "
    "that the recommendation does not have (no limit, no unit)."
)
_GENERATED = "<!-- written by `python -m tools.coverage_page`; do not edit -->"


@dataclass(frozen=True)
class Row:
    """One action that is a card."""

    id: str
    recommendation: str
    section: str
    title: str
    indicator: str
    hooks: tuple[str, ...]
    conditions: tuple[Unit, ...]


@dataclass(frozen=True)
class Page:
    """What a guideline implements, and of what."""

    guideline: Guideline
    rows: tuple[Row, ...]
    cases: tuple[Case, ...]
    catalogue: tuple[str, ...]
    graph: LogicGraph
    own: frozenset[str]

    @property
    def implemented(self) -> tuple[str, ...]:
        """The recommendations that have a card, in the order of the catalogue."""
        there = {row.recommendation for row in self.rows}
        return tuple(code for code in self.catalogue if code in there)


def load(root: Path = ROOT) -> Content:
    """Read the shipped content."""
    return load_content([root / "fhir_mappings", root / "plan_definitions"])


def page(guideline: Guideline, shelf: Shelf) -> Page:
    """Gather what the page of one guideline says."""
    conditions = defaultdict(list)
    for path, unit in condition_definitions(guideline, shelf):
        conditions[path].append(unit)
    rows = [
        Row(
            id=action["id"],
            recommendation=recommendation_of(action) or "",
            section=", ".join(dict.fromkeys(one["label"] for one in action.get("documentation", ()) if "label" in one)),
            title=action.get("title", ""),
            indicator=_INDICATORS[action.get("priority", "routine")],
            hooks=named_events(action) or named_events(guideline.plan),
            conditions=tuple(conditions[path]),
        )
        for path, action in recommendations(guideline.plan)
    ]
    return Page(
        guideline,
        tuple(rows),
        tuple(read_cases(ROOT / "plan_definitions" / guideline.id)),
        catalogue(guideline.id, shelf),
        logic_graph(guideline, shelf),
        frozenset(own_libraries(guideline, shelf)),
    )


def catalogue(guideline: str, shelf: Shelf) -> tuple[str, ...]:
    """Return the ids of all recommendations of a guideline."""
    path = SHARED / "guidelines" / f"{guideline}.yaml"
    return shared_catalogue(path) if path.is_file() else coded_recommendations(guideline, shelf)


def shared_catalogue(path: Path) -> tuple[str, ...]:
    """Return the ids of the recommendations in a catalogue file."""
    import yaml  # part of the development tools only

    return tuple(entry["id"] for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["recommendations"])


def coded_recommendations(guideline: str, shelf: Shelf) -> tuple[str, ...]:
    """Return the codes of CodeSystem/recommendation that belong to a guideline."""
    return tuple(
        concept["code"]
        for artifact in shelf.of_type("CodeSystem")
        if (artifact.url or "").endswith("/CodeSystem/recommendation")
        for concept in artifact.resource.get("concept", ())
        if concept["code"].startswith(f"{guideline}-")
    )


def markdown(page: Page) -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield _GENERATED
    yield f"# Coverage: {page.guideline.id}"
    yield ""
    yield f"{page.guideline.title}, version {page.guideline.version}. {_count(page)}"
    yield ""
    missing = [code for code in page.catalogue if code not in page.implemented]
    if missing:
        yield "Not implemented: " + ", ".join(f"`{_short(code, page)}`" for code in missing) + "."
        yield ""
    yield f"Every id below is preceded by `{page.guideline.id}-` in FHIR and on cards."
    yield ""
    yield f"| recommendation | section | cards | cases | fires | silent | {' | '.join(KINDS)} |"
    yield f"|---|---|---|---|---|---|{'---|' * len(KINDS)}"
    by_recommendation = _grouped(page)
    counted = kinds(page.cases)
    for code, rows in by_recommendation.items():
        link = f"[`{_short(code, page)}`](#{_short(code, page)})"
        section = _cell(", ".join(dict.fromkeys(row.section for row in rows)))
        own = [case for case in page.cases if case.recommendation == code]
        fires, silent = _expectations({row.id for row in rows}, own)
        shown = [len(rows), len(own), fires, silent, *(counted[code][kind] for kind in KINDS)]
        yield f"| {link} | {section} | {' | '.join(str(number or '-') for number in shown)} |"
    yield ""
    yield _KINDS_EXPLAINED
    for code, rows in by_recommendation.items():
        yield ""
        yield f"## {_short(code, page)}"
        yield ""
        for row in rows:
            yield from _action(row, page)
        yield from (f"- {_cell(case.name)}" for case in page.cases if case.recommendation == code)


def _action(row: Row, page: Page) -> Iterator[str]:
    name = row.id.removeprefix(f"{page.guideline.id}-")
    fires, silent = _expectations({row.id}, page.cases)
    seen = f"Fires in {fires} cases, silent in {silent}."
    yield f"**`{name}`** ({row.indicator}; {', '.join(row.hooks)}): {row.title}. {seen}"
    for unit in row.conditions:
        used = [one for one in page.graph.reachable([unit]) if one.library in page.own and one != unit]
        direct = sorted(one for one in page.graph.uses(unit) if one in used)
        rests = f", on {', '.join(_named(one) for one in direct)}" if direct else ""
        below = f" and {len(used) - len(direct)} below them" if len(used) > len(direct) else ""
        yield f"Condition {_named(unit)}{rests}{below}."
    yield ""


def _expectations(actions: Set[str], cases: Sequence[Case]) -> tuple[int, int]:
    """Count the cases that expect one of the actions to fire, and those that expect none of them to."""
    fires = silent = 0
    for case in cases:
        expect: Mapping[str, Any] = case.expect
        wanted = {
            *expect.get("fires", ()),
            *expect.get("fires_only", ()),
            *(one["action"] for one in expect.get("cards", ())),
        }
        if actions & wanted:
            fires += 1
        elif actions & {*expect.get("silent", ())} or "fires_only" in expect:
            silent += 1
    return fires, silent


def _grouped(page: Page) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in page.rows:
        grouped[row.recommendation].append(row)
    return grouped


def _count(page: Page) -> str:
    done, every = len(page.implemented), len(page.catalogue)
    return (
        f"**{done} of {every} recommendations implemented**, as {len(page.rows)} cards, with {len(page.cases)} cases."
    )


def _short(code: str, page: Page) -> str:
    return code.removeprefix(f"{page.guideline.id}-")


def _named(unit: Unit) -> str:
    return f'`{unit.library}."{unit.name}"`'


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def index(pages: list[Page]) -> str:
    """Return the page that lists the guidelines."""
    rows = [
        f"| [{one.guideline.id}]({one.guideline.id}.md) | {_cell(one.guideline.title)} | {len(one.implemented)} of "
        f"{len(one.catalogue)} | {len(one.rows)} | {len(one.cases)} |"
        for one in pages
    ]
    head = ["| guideline | title | recommendations | cards | cases |", "|---|---|---|---|---|"]
    return "\n".join([_GENERATED, "# Coverage of the guidelines", "", *head, *rows]) + "\n"


def pages(content: Content) -> dict[Path, str]:
    """Return the text of every page by its path below docs/coverage."""
    found = [page(guideline, content.shelf) for guideline in content.guidelines]
    return {Path("index.md"): index(found)} | {Path(f"{one.guideline.id}.md"): markdown(one) for one in found}


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for name, text in pages(load()).items():
        (PAGES / name).write_text(text, encoding="utf-8")
        print(f"wrote {PAGES / name}")
