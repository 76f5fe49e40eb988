"""One evaluated expression: its value or its error, and what it rested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from cds.content.elm import CompiledLibrary, DefinitionName
from cds.errors import CDSError
from cds.expressions.outcome import Outcome, outcome_of

ALL_DATA: Final = object()
"""Among the variables of a `Scope`: the Bundle of all facts, which is made for an expression that names it."""


class Evidence(Protocol):
    """One fact that a definition read, as the engine records it."""

    @property
    def definition(self) -> str:
        """The definition that read it, such as "Latest eGFR"."""

    @property
    def resource(self) -> str | None:
        """The resource, such as "Observation/egfr-7"."""

    @property
    def path(self) -> str:
        """Where in the resource, such as "value.value"."""

    @property
    def value(self) -> Any:
        """What stood there, as JSON."""


class Found(NamedTuple):
    """The value of an expression, with the facts that it read itself or the CQL definition that stands for them."""

    value: Any
    evidence: tuple[Evidence, ...] = ()
    definition: DefinitionName | None = None


class UnsupportedExpression(CDSError):
    """An expression that this server cannot run: an alternative is tried, else it is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where an expression stands.

    `libraries` are those in which its names resolve, `context` the resource that contains it (`%context`), `focus` the
    subject of the call, `variables` what FHIRPath sees as `%name`.
    """

    libraries: tuple[CompiledLibrary, ...] = ()
    context: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    focus: Mapping[str, Any] | None = None
    variables: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Evaluated(NamedTuple):
    """An expression and what came of it.

    `value` is FHIR JSON (a list for FHIRPath); `error` says why there is none; `note` says what was unusual, such as
    the use of an alternative expression. What a CQL definition rests on is in the explanation of the call; `definition`
    names it there. `evidence` are the facts that an expression of its own, such as FHIRPath, read.
    """

    expression: str
    language: str
    description: str | None = None
    value: Any = None
    error: str | None = None
    note: str | None = None
    evidence: tuple[Evidence, ...] = ()
    definition: DefinitionName | None = None

    @property
    def outcome(self) -> Outcome:
        """What the expression says as a condition."""
        if self.error is not None:
            return Outcome.ERROR
        return outcome_of(self.value) or Outcome.ERROR

    @property
    def reason(self) -> str | None:
        """Why the outcome is ERROR, None for other outcomes."""
        if self.error is not None:
            return self.error
        if outcome_of(self.value) is None:
            return f"a condition must be true or false, but this is {_kind(self.value)}"
        return None


def _kind(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else f"a {type(value).__name__}"
