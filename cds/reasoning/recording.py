"""What was recorded of an application as JSON, for the decision record: with the patient's values or without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cds.engine.evidence import Readings, elements_at, reference
from cds.expressions.evaluation import Evidence
from cds.reasoning.trace import ActionTrace, Trace


class Recorded(NamedTuple):
    """The actions, parents with their children, and by "library.definition" what each CQL definition rests on.

    Of `evidence`, `uses` are the definitions that one refers to. An entry of `reads` is a list of `paths`, the `origin`
    of some resources, these `resources`, and for each its `values` at the paths.

    `erased` are the JSON pointers of what would stand there, were it not a value of the patient; null stands there.
    """

    actions: Sequence[Mapping[str, Any]]
    evidence: Mapping[str, Any]
    erased: Sequence[str]


def record(trace: Trace, origins: Mapping[str, str], *, values: bool) -> Recorded:
    """Write down what happened; `origins` maps "Observation/x" to the prefetch key or search that found it.

    Without `values` neither what was read nor a title is written, because a card's title holds values. Outcomes, names
    of definitions, references to resources and paths are: they say why without saying what.
    """
    writer = _Writer(origins, values)
    return Recorded(writer.actions(trace.actions, "/actions"), writer.evidence(trace), writer.erased)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes one record; every answer pays for it, and a plan has hundreds of actions."""

    origins: Mapping[str, str]
    values: bool
    erased: list[str] = field(default_factory=list)

    def actions(self, actions: Iterable[ActionTrace], pointer: str) -> list[Mapping[str, Any]]:
        return [self._action(action, f"{pointer}/{index}") for index, action in enumerate(actions)]

    def _action(self, action: ActionTrace, pointer: str) -> Mapping[str, Any]:
        if self.values:
            written = action.judgement
        else:
            written = action.untitled_judgement
            if action.title is not None:
                self.erased.append(f"{pointer}/title")
        more: dict[str, Any] = {}
        if action.values:
            more["values"] = [item.to_json() for item in action.values]
        if action.evidence:
            more["evidence"] = [self._fact(fact, f"{pointer}/evidence/{n}") for n, fact in enumerate(action.evidence)]
        if action.actions:
            more["actions"] = self.actions(action.actions, f"{pointer}/actions")
        return {**written, **more} if more else written

    def _fact(self, fact: Evidence, pointer: str) -> dict[str, Any]:
        written: dict[str, Any] = {"definition": fact.definition}
        if fact.resource is not None:
            written["resource"] = fact.resource
        written["path"] = fact.path
        if fact.value is not None and fact.value != []:
            written["value"] = fact.value if self.values else None
            if not self.values:
                self.erased.append(f"{pointer}/value")
        if (origin := self.origins.get(fact.resource or "")) is not None:
            written["origin"] = origin
        return written

    def evidence(self, trace: Trace) -> dict[str, Any]:
        names, reads, uses = trace.explanation
        written: dict[str, Any] = {}
        for place in {**reads, **uses}:
            name = names[place].text
            entry = written[name] = {}
            if place in reads:
                entry["reads"] = self._reads(reads[place], f"/evidence/{_escaped(name)}/reads")
            if place in uses:
                entry["uses"] = [names[used].text for used in uses[place]]
        return written

    def _reads(self, readings: Readings, pointer: str) -> list[dict[str, Any]]:
        """Put resources together that were read alike, so that a record of many results stays small."""
        alike: dict[tuple[str | None, ...], dict[str, Any]] = {}
        for resource, paths in readings.values():
            elements = elements_at(resource, paths)
            known_as = reference(resource)
            origin = self.origins.get(known_as or "")
            reads = alike.get((origin, *elements))
            if reads is None:
                reads = alike[origin, *elements] = {} if origin is None else {"origin": origin}
                reads |= {"paths": list(elements), "resources": [], "values": [] if self.values else None}
                if elements and not self.values:
                    self.erased.append(f"{pointer}/{len(alike) - 1}/values")
            reads["resources"].append(known_as)
            if self.values:
                reads["values"].append(list(elements.values()))
        return list(alike.values())


def _escaped(name: str) -> str:
    """Write a name as a step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")
