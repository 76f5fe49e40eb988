"""The table of functions: name → how many arguments it takes and how a call of it is lowered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.engine.fhirpath import syntax
from cds.engine.fhirpath.lowering.expr import Expr, Scope

if TYPE_CHECKING:
    from cds.engine.fhirpath.lowering.lower import Lowering


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call with its source lowered; arguments are lowered by the function, each in the scope it asks for."""

    lowering: Lowering
    call: syntax.Call
    source: Expr
    scope: Scope
    value: bool

    @property
    def at(self) -> str:
        """Where the call stands."""
        return str(self.call.start)

    def argument(self, index: int, scope: Scope | None = None, *, value: bool = False) -> Expr:
        """Lower an argument, in the scope of the call unless another is given."""
        return self.lowering.closed(self.call.arguments[index], scope or self.scope, value=value)

    @property
    def count(self) -> int:
        """How many arguments there are."""
        return len(self.call.arguments)


Lower = Callable[[Invocation], Expr]


@dataclass(frozen=True, slots=True)
class Function:
    """A function; `most` None means any number. `value_source`: only the values of primitives in its source matter."""

    lower: Lower
    fewest: int
    most: int | None
    value_source: bool


FUNCTIONS: dict[str, Function] = {}


def function(
    name: str, fewest: int = 0, most: int | None = -1, *, value_source: bool = False
) -> Callable[[Lower], Lower]:
    """Register how a function is lowered; without `most` it takes exactly `fewest` arguments."""

    def register(lower: Lower) -> Lower:
        FUNCTIONS[name] = Function(lower, fewest, fewest if most == -1 else most, value_source)
        return lower

    return register
