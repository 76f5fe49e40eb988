"""The walk over the ELM of one library: scopes, problems, and the dispatch to the chapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import DecimalException
from typing import Any, TypeVar

from cds.engine import ir
from cds.engine.elm import types
from cds.engine.elm.document import LibraryDocument
from cds.engine.elm.signatures import FunctionSignature, LibraryInterface
from cds.engine.elm.terminology import Terms, UnknownTerm
from cds.engine.elm.value import NULL, Value, convert
from cds.engine.errors import EngineError, EvaluationError, Problem
from cds.engine.requirements import Retrieve
from cds.engine.trampoline import Deep

Json = Mapping[str, Any]
Handler = Callable[["Lowering", Any], Deep[Value]]

HANDLERS: dict[str, Handler] = {}
"""ELM type → the function that lowers it; filled by the chapters."""

_Any = TypeVar("_Any", bound=Handler)


def lowers(*elm_types: str) -> Callable[[_Any], _Any]:
    """Register a function for ELM types."""

    def register(handler: _Any) -> _Any:
        for elm_type in elm_types:
            HANDLERS[elm_type] = handler
        return handler

    return register


class Refused(EngineError):
    """An expression cannot be compiled; becomes a Problem with its place."""


MALFORMED = (
    EvaluationError,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
    IndexError,
    DecimalException,
    OverflowError,
    RecursionError,
)


@dataclass
class LoweredFunction:
    """A function or definition ready for the emitter."""

    name: str
    parameters: tuple[str, ...]
    body: ir.Node
    type: types.Type


@dataclass
class Lowering:
    """The state of lowering one library. A definition is lowered when it is first needed, so its type is known."""

    library: LibraryDocument
    includes: Mapping[str, LibraryInterface]
    terms: Terms
    problems: list[Problem] = field(default_factory=list)
    definitions: dict[str, LoweredFunction] = field(default_factory=dict)
    functions: dict[str, LoweredFunction] = field(default_factory=dict)
    signatures: dict[str, FunctionSignature] = field(default_factory=dict)
    parameters: dict[str, types.Type] = field(default_factory=dict)
    defaults: dict[str, LoweredFunction] = field(default_factory=dict)
    references: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    retrieves: dict[str, list[Retrieve]] = field(default_factory=dict)
    names: ir.Names = field(default_factory=ir.Names)
    scopes: list[dict[str, Value]] = field(default_factory=list)
    unit: str = ""
    context: str = "Patient"
    locator: str | None = None
    in_progress: list[str] = field(default_factory=list)

    def lower(self, node: Any) -> Deep[Value]:
        """Lower any expression; what cannot be lowered is noted as a problem and becomes null."""
        elm_type = node.get("type") if isinstance(node, Mapping) else None
        outer = self.locator
        if elm_type is not None:
            self.locator = str(node["locator"]) if node.get("locator") else outer
        try:
            if elm_type is None:
                raise Refused("an expression is missing")
            handler = HANDLERS.get(elm_type)
            if handler is None:
                raise Refused("this operator is not supported")
            value: Value = yield handler(self, node)
            declared = types.declared(node)
            if declared is not None and value.type == types.ANY and declared != types.ANY:
                value = convert(value, declared)
        except (Refused, UnknownTerm) as refused:
            self.refuse(elm_type or "?", str(refused))
            return NULL
        except MALFORMED as error:
            self.refuse(elm_type or "?", f"the ELM is malformed ({type(error).__name__}: {error})")
            return NULL
        finally:
            self.locator = outer
        return value

    def lower_all(self, nodes: Any) -> Deep[list[Value]]:
        """Lower a list of expressions, or a single one."""
        values = []
        for node in nodes if isinstance(nodes, list) else [nodes]:
            value: Value = yield self.lower(node)
            values.append(value)
        return values

    def optional(self, node: Any) -> Deep[Value | None]:
        """Lower an expression that may be left out."""
        if node is None:
            return None
        value: Value = yield self.lower(node)
        return value

    def refuse(self, operator: str, reason: str) -> None:
        """Note a problem here."""
        problem = Problem(self.library.title, self.locator, operator, reason)
        if problem not in self.problems:
            self.problems.append(problem)

    def find(self, name: str) -> Value | None:
        """Find a name in the scopes, innermost first."""
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    @contextmanager
    def scope(self, names: dict[str, Value] | None = None) -> Iterator[dict[str, Value]]:
        """Open a scope; names may be added while it is open."""
        inner = dict(names or {})
        self.scopes.append(inner)
        try:
            yield inner
        finally:
            self.scopes.pop()

    @contextmanager
    def separate_unit(self, unit: str, context: str) -> Iterator[None]:
        """Lower a definition or function on its own: its own scopes and names."""
        saved = (self.scopes, self.unit, self.context, self.locator, self.names)
        self.scopes, self.unit, self.context, self.locator, self.names = [], unit, context, None, ir.Names()
        self.references.setdefault(unit, set())
        self.retrieves.setdefault(unit, [])
        self.in_progress.append(unit)
        try:
            yield
        finally:
            self.in_progress.pop()
            self.scopes, self.unit, self.context, self.locator, self.names = saved

    def refers_to(self, library: str, unit: str) -> None:
        """Note that the unit at hand uses another definition or function (for data requirements)."""
        self.references[self.unit].add((library, unit))
