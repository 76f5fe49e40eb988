"""What was recorded of an application as JSON, for the decision record: with the patient's values or without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cds.engine.evidence import Readings, elements_at, reference
from cds.expressions.evaluation import Evidence
from cds.fhir.json import dumps
from cds.reasoning.trace import ActionTrace, Trace


class Recorded(NamedTuple):
    """As JSON texts the actions, parents with their children, and by "library.definition" what each rests on.

    Of `evidence`, `uses` are the definitions that one refers to. An entry of `reads` is a list of `paths`, the `origin`
    of some resources, these `resources`, and for each its `values` at the paths.

    `erased` are the JSON pointers of what would stand there, were it not a value of the patient; null stands there.
    """

    actions: bytes
    evidence: bytes
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
    """Writes one record as text; every answer pays for it, and most of it is the same in every answer."""

    origins: Mapping[str, str]
    values: bool
    erased: list[str] = field(default_factory=list)

    def actions(self, actions: Iterable[ActionTrace], pointer: str) -> bytes:
        return b"[%b]" % b",".join([self._action(action, f"{pointer}/{at}") for at, action in enumerate(actions)])

    def _action(self, action: ActionTrace, pointer: str) -> bytes:
        if self.values:
            written = action.judgement
        else:
            written = action.untitled_judgement
            if action.title is not None:
                self.erased.append(f"{pointer}/title")
        if action.values:
            written = _with(written, b"values", dumps([item.to_json() for item in action.values]))
        if action.evidence:
            facts = [self._fact(fact, f"{pointer}/evidence/{at}") for at, fact in enumerate(action.evidence)]
            written = _with(written, b"evidence", dumps(facts))
        if action.actions:
            written = _with(written, b"actions", self.actions(action.actions, f"{pointer}/actions"))
        return written

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

    def evidence(self, trace: Trace) -> bytes:
        names, reads, uses, quoted = trace.explanation
        written: list[bytes] = []
        for place, readings in reads.items():
            entry = b'%b:{"reads":%b}' % (names[place].quoted, self._reads(readings, names[place].text))
            written.append(_with(entry, b"uses", quoted[place]) if place in uses else entry)
        without = [place for place in uses if place not in reads]
        written += [b'%b:{"uses":%b}' % (names[place].quoted, quoted[place]) for place in without]
        return b"{%b}" % b",".join(written)

    def _reads(self, readings: Readings, name: str) -> bytes:
        """Put resources together that were read alike, so that a record of many results stays small."""
        alike: dict[tuple[str | None, tuple[str, ...]], tuple[list[str | None], list[list[Any]]]] = {}
        for resource, paths in readings.values():
            elements = elements_at(resource, paths)
            known_as = reference(resource)
            key = self.origins.get(known_as or ""), tuple(elements)
            known = alike.get(key)
            resources, values = alike.setdefault(key, ([], [])) if known is None else known
            resources.append(known_as)
            if self.values:
                values.append(list(elements.values()))
        written: list[dict[str, Any]] = []
        for (origin, found), (resources, values) in alike.items():
            if found and not self.values:
                self.erased.append(f"/evidence/{_escaped(name)}/reads/{len(written)}/values")
            reads = {"paths": found, "resources": resources, "values": values if self.values else None}
            written.append(reads if origin is None else {"origin": origin, **reads})
        return dumps(written)


def _with(written: bytes, name: bytes, value: bytes) -> bytes:
    """Add a member to an object that has one."""
    return b'%b,"%b":%b}' % (written[:-1], name, value)


def _escaped(name: str) -> str:
    """Write a name as a step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")
