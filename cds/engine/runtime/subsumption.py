"""Whether one code lies above another in the hierarchy of their code system.

https://cql.hl7.org/09-b-cqlreference.html#subsumes
"""

from __future__ import annotations

from typing import Any

from cds.engine.run import Run
from cds.engine.runtime import evaluation
from cds.engine.runtime.values import Code


def subsumes(run: Run, ancestor: Any, descendant: Any) -> bool | None:
    """ELM Subsumes: whether a Code, or one of a Concept's, is the other or lies above it; null when nobody knows."""
    if ancestor is None or descendant is None:
        return None
    answers = {
        _is_above(run, one, other) for one in evaluation.codes_of(ancestor) for other in evaluation.codes_of(descendant)
    }
    if True in answers:
        return True
    return False if answers == {False} else None


def subsumed_by(run: Run, descendant: Any, ancestor: Any) -> bool | None:
    """ELM SubsumedBy: Subsumes with its operands exchanged."""
    return subsumes(run, ancestor, descendant)


def _is_above(run: Run, ancestor: Code, descendant: Code) -> bool | None:
    if (ancestor.system, ancestor.code) == (descendant.system, descendant.code):
        return True
    if ancestor.system is None or ancestor.system != descendant.system:
        return None  # no code system tells how codes of different systems relate
    ask = getattr(evaluation.terminology(run), "subsumes", None)
    if ask is None:
        return None
    answer: bool | None = ask(ancestor.system, ancestor.code, descendant.code)
    return answer
