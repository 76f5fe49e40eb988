"""`fhirpath(text)`: an expression parsed once, compiled once for each kind of input, evaluated any number of times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Unpack

from cds.engine import ir
from cds.engine.emit import Module, ModuleWriter
from cds.engine.errors import EngineError, EvaluationError
from cds.engine.evidence import Evidence, Name, explain
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.inputs import Input, prepared
from cds.engine.fhirpath.lowering.coercion import carrying, listed, truth
from cds.engine.fhirpath.lowering.expr import Expr
from cds.engine.fhirpath.lowering.lower import is_fixed, lower
from cds.engine.fhirpath.parser import parse
from cds.engine.fhirpath.run import FHIRPathRun, World
from cds.engine.fhirpath.types import Type
from cds.engine.fhirpath.values.elements import TypeInfo, value_of
from cds.engine.fhirpath.values.system import system_values

_MOST_FORMS = 64
_FOCUS_NAMES = ("context", "resource", "rootResource")
_BROKEN_DATA = (AttributeError, TypeError, KeyError, IndexError, ValueError, ArithmeticError, RecursionError)


class _Compiled(NamedTuple):
    """The expression compiled for inputs of certain types."""

    function: Callable[..., Any]
    module: Module


class FHIRPath:
    """A FHIRPath expression over FHIR R4 data, shared by threads.

    `strict`: a step to an element that the type does not have is an error (the mode "strict" of HL7's tests); otherwise
    it is empty. Raises FHIRPathSyntaxError for text that is not FHIRPath, unknown functions and types, UnsupportedError
    for functions that the engine does not have.
    """

    def __init__(self, expression: str, *, strict: bool = True) -> None:
        self.expression = expression
        self.strict = strict
        self._tree = parse(expression)
        self.variables = _variables_of(self._tree)
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}
        self.check()

    def __repr__(self) -> str:
        return f"FHIRPath({self.expression!r})"

    def check(self, focus: str | None = None, variables: Mapping[str, str] | None = None) -> None:
        """Refuse what cannot mean anything on a focus and variables (by name) of these FHIR types; None: any type."""
        known = variables or {}
        inputs = {name: _parameter(name, _named(known.get(name)), many=True) for name in self.variables}
        lower(self.expression, self._tree, _parameter("focus", _named(focus), many=False), inputs, strict=self.strict)

    def evaluate(self, focus: Any, variables: Mapping[str, Any] | None = None, **world: Unpack[World]) -> list[Any]:
        """Evaluate on a resource, an element or a list of them.

        `variables` by name without the percent sign: resources, elements, plain or engine values, or lists of these;
        `%context`, `%resource` and `%rootResource` are the focus unless they are among them. FHIR elements come back as
        their JSON, computed values as engine values. Raises EvaluationError.
        """
        run, arguments = self._prepare(focus, variables, world)
        found = self._evaluate(run, arguments, _as_items) or ()
        return [value for item in found if (value := _plain(item)) is not None]

    def evaluate_values(
        self, focus: Any, variables: Mapping[str, Any] | None = None, **world: Unpack[World]
    ) -> list[Any]:
        """Evaluate as `evaluate`, but give primitives and quantities of FHIR as engine values."""
        run, arguments = self._prepare(focus, variables, world)
        return system_values(self._evaluate(run, arguments, _as_carrying_items))

    def evaluate_boolean(
        self, focus: Any, variables: Mapping[str, Any] | None = None, **world: Unpack[World]
    ) -> bool | None:
        """Evaluate a condition: True, False, or None for empty (not known); one item that is no Boolean is true."""
        run, arguments = self._prepare(focus, variables, world)
        answer: bool | None = self._evaluate(run, arguments, _as_boolean)
        return answer

    def explain(
        self, focus: Any, variables: Mapping[str, Any] | None = None, **world: Unpack[World]
    ) -> tuple[list[Any], tuple[Evidence, ...]]:
        """Evaluate as `evaluate`, and say on which readings of which resources the result rests."""
        run, arguments = self._prepare(focus, variables, world)
        found = self._evaluate(run, arguments, _as_items, explain=True) or ()
        evidence = explain([Name.of("", self.expression)], {0: run.notes}).evidence("", self.expression)
        return [value for item in found if (value := _plain(item)) is not None], evidence

    def _prepare(
        self, focus: Any, variables: Mapping[str, Any] | None, world: World
    ) -> tuple[FHIRPathRun, list[Input]]:
        given = variables or {}
        arguments = [prepared(focus)]
        for name in self.variables:
            if name in given:
                arguments.append(prepared(given[name]))
            elif name in _FOCUS_NAMES:
                arguments.append(arguments[0])
            else:
                message = f"the variable %{name} is not handed in"
                raise EvaluationError(message).located(None, self.expression, None)
        return FHIRPathRun([focus, *given.values()], **world), arguments

    def _evaluate(
        self, run: FHIRPathRun, arguments: list[Input], form: Callable[[Expr], ir.Node], *, explain: bool = False
    ) -> Any:
        key = (form, explain, *((argument.type, argument.many) for argument in arguments))
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compile(arguments, form, explain=explain)
            if len(self._compiled) < _MOST_FORMS:
                self._compiled[key] = compiled
        try:
            return compiled.function(run, *(argument.value for argument in arguments))
        except EvaluationError as error:
            raise error.located(None, self.expression, self._place(compiled, error)) from error.__cause__
        except _BROKEN_DATA as error:
            message = f"the data is not as FHIR has it: {type(error).__name__}: {error}"
            raise EvaluationError(message).located(None, self.expression, self._place(compiled, error)) from error

    def _compile(self, arguments: list[Input], form: Callable[[Expr], ir.Node], *, explain: bool) -> _Compiled:
        names = ["focus", *self.variables]
        parameters = [
            _parameter(name, argument.type, many=argument.many) for name, argument in zip(names, arguments, strict=True)
        ]
        inputs = dict(zip(self.variables, parameters[1:], strict=True))
        try:
            expr = lower(self.expression, self._tree, parameters[0], inputs, strict=self.strict)
            locals_ = tuple(parameter.node.name for parameter in parameters if isinstance(parameter.node, ir.Local))
            writer = ModuleWriter("fhirpath", explain=explain)
            name = writer.add_function("evaluate", locals_, form(expr), definition="fhirpath")
            module = writer.build()
            return _Compiled(module.bind({})[name], module)
        except EvaluationError:
            raise
        except EngineError as error:
            raise EvaluationError(str(error)).located(None, self.expression, None) from error

    @staticmethod
    def _place(compiled: _Compiled, error: BaseException) -> str | None:
        place = compiled.module.place_of(error.__traceback__)
        return f"at character {place.locator}" if place is not None and place.locator else None


@lru_cache(maxsize=4096)
def fhirpath(expression: str, *, strict: bool = True) -> FHIRPath:
    """Parse an expression; the same text gives the same object. See `FHIRPath`."""
    return FHIRPath(expression, strict=strict)


def _variables_of(tree: syntax.Node) -> tuple[str, ...]:
    """List the variables that an expression expects from its caller."""
    used: dict[str, None] = {}
    defined: set[str] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, syntax.Variable) and not is_fixed(node.name):
            used[node.name] = None
        if isinstance(node, syntax.Call) and node.name == "defineVariable" and node.arguments:
            first = node.arguments[0]
            if isinstance(first, syntax.Literal):
                defined.add(str(first.value))
        pending.extend(syntax.children(node))
    return tuple(sorted(used.keys() - defined))


def _parameter(name: str, type_: Type | None, *, many: bool) -> Expr:
    local = (
        "focus" if name == "focus" else "v_" + "".join(c if c.isalnum() and c.isascii() else f"_{ord(c)}" for c in name)
    )
    return Expr(ir.Local(local), type_, many)


def _named(type_name: str | None) -> Type | None:
    return None if type_name is None else types.fhir(type_name)


def _as_items(expr: Expr) -> ir.Node:
    return listed(expr)


def _as_carrying_items(expr: Expr) -> ir.Node:
    return listed(carrying(expr))


def _as_boolean(expr: Expr) -> ir.Node:
    return truth(expr, "0")


def _plain(item: Any) -> Any:
    return item._asdict() if isinstance(item, TypeInfo) else value_of(item)
