"""Operators that are a function of their operands: what most of ELM is. The chapters declare them with `operator`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import HANDLERS, Lowering
from cds.engine.elm.types import Type
from cds.engine.elm.value import Value, convert, unify
from cds.engine.runtime import fhir_values
from cds.engine.trampoline import Deep

Result = Type | Callable[[list[Type]], Type]


@dataclass(frozen=True, slots=True)
class Operator:
    """How one ELM type is answered.

    `operands` are the ELM members that hold operands, in the order of the function's arguments. `meet` brings operands
    to one static type because they are compared or put into one list. `has_precision` passes ELM's `precision`.
    Lists among the operands are charged to the budget unless it works in `constant_time`; a result that `grows` beyond
    the operands is charged too.
    """

    function: Callable[..., Any]
    result: Result
    operands: tuple[str, ...] = ("operand",)
    has_precision: bool = False
    with_run: bool = False
    foldable: bool = True
    never_null: bool = False
    constant_time: bool = False
    grows: bool = False
    meet: Callable[[list[Value]], list[Value]] | None = None

    def lower(self, lowering: Lowering, node: Any) -> Deep[Value]:
        """Lower a node of this operator."""
        values: list[Value] = yield operands(lowering, node, self.operands)
        return self.apply(lowering, node, values)

    def apply(self, lowering: Lowering, node: Any, values: list[Value]) -> Value:
        """Apply the function to lowered operands."""
        if self.meet is not None:
            values = self.meet(values)
        options = {"precision": node["precision"].lower()} if self.has_precision and node.get("precision") else {}
        lists = tuple(i for i, value in enumerate(values) if isinstance(value.type, types.ListOf))
        charges = (lists if not self.constant_time else ()) + ((-1,) if self.grows else ())
        result = build.call(
            self.function,
            *(value.node for value in values),
            with_run=self.with_run,
            foldable=self.foldable,
            never_null=self.never_null,
            at=lowering.locator,
            charges=charges,
            **options,
        )
        of = [value.type for value in values]
        return Value(result, self.result(of) if callable(self.result) else self.result)


def operands(lowering: Lowering, node: Any, names: tuple[str, ...]) -> Deep[list[Value]]:
    """Lower the operands held by these members; one left out at the end is not passed, one before that is null."""
    present = [name for name in names if node.get(name) is not None]
    values: list[Value] = []
    for name in names[: names.index(present[-1]) + 1] if present else ():
        if node.get(name) is None:
            values.append(Value(build.NULL))
        else:
            values += yield lowering.lower_all(node[name])
    return values


def operator(elm_type: str, function: Callable[..., Any], result: Result, **options: Any) -> None:
    """Declare that an ELM type is answered by a function."""
    HANDLERS[elm_type] = Operator(function, result, **options).lower


def first_known(of: list[Type]) -> Type:
    """Result rule: the type of the first operand whose type is known."""
    return next((type_ for type_ in of if type_ != types.ANY), types.ANY)


def element_of_first(of: list[Type]) -> Type:
    """Result rule: the element type of the first operand."""
    return types.element_of(of[0]) if of else types.ANY


def point_of_first(of: list[Type]) -> Type:
    """Result rule: the point type of the first operand."""
    return types.point_of(of[0]) if of else types.ANY


def all_alike(values: list[Value]) -> list[Value]:
    """Meet rule: all operands are of one type."""
    return unify(values)[0]


def element_then_list(values: list[Value]) -> list[Value]:
    """Meet rule: the first operand is compared with the elements of the second."""
    second, first = list_then_element([values[1], values[0]])
    return [first, second]


def list_then_element(values: list[Value]) -> list[Value]:
    """Meet rule: the second operand is compared with the elements of the first."""
    container, element = values
    if not isinstance(container.type, types.ListOf):
        return values
    if types.is_open(container.type.element):
        return [container, convert(element, container.type.element)]
    if types.is_open(element.type) and types.is_element(container.type.element):
        return [convert(container, types.ListOf(types.ANY)), element]
    return values


_PLAIN_READERS = frozenset(fhir_values.VALUE_READERS.values())


def is_plain(value: Value) -> bool:
    """Whether the run-time value is certainly of Python's own type for its static type, or null.

    Numbers elsewhere may be an Uncertainty, which only the operators' functions know.
    """
    if isinstance(value.node, ir.Const):
        return type(value.node.value) in (str, int, bool) or isinstance(value.node.value, Decimal)
    return isinstance(value.node, ir.Call) and value.node.function in _PLAIN_READERS
