"""The syntax tree of FHIRPath: one frozen class per production of the grammar that means something.

Every node knows where it starts in the text, for messages. https://hl7.org/fhirpath/grammar.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """What all nodes share: the offset of their first character."""

    start: int


@dataclass(frozen=True, slots=True)
class Empty(Node):
    """`{}`: the empty collection."""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant as engine value: bool, int, Long, Decimal, str, Date, DateTime, Time or Quantity."""

    value: Any


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """An environment variable: `%resource`, `` %`vs-name` ``; the name without the percent sign."""

    name: str


@dataclass(frozen=True, slots=True)
class This(Node):
    """The item in focus: `$this`, written or implied at the head of a path."""


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`$index`: where the item is in the collection that a function walks over."""


@dataclass(frozen=True, slots=True)
class Total(Node):
    """`$total`: what `aggregate` has gathered so far."""


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`source.name`. `source` is None at the head of a path, where the name may also be the type of the focus."""

    source: Node | None
    name: str


@dataclass(frozen=True, slots=True)
class Indexer(Node):
    """`source[index]`."""

    source: Node
    index: Node


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """One argument of `sort`."""

    key: Node
    descending: bool


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`source.name(arguments)`; `source` is None where the focus is implied. The arguments of `sort` are SortKeys."""

    source: Node | None
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`+operand` or `-operand`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left operator right`, for every operator that is not about types."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class TypeOperation(Node):
    """`operand is Type` or `operand as Type`; the functions of these names become this node, too."""

    operator: str
    operand: Node
    type_name: str


@dataclass(frozen=True, slots=True)
class Instance(Node):
    """`Type { element: value, … }`: an object made by the expression (trial use in FHIRPath 3)."""

    type_name: str
    elements: tuple[tuple[str, Node], ...]


def children(node: Node) -> tuple[Node, ...]:
    """Give the nodes directly inside a node."""
    match node:
        case Member(_, source, _):
            return () if source is None else (source,)
        case Indexer(_, source, index):
            return (source, index)
        case SortKey(_, key, _):
            return (key,)
        case Call(_, source, _, arguments):
            return arguments if source is None else (source, *arguments)
        case Unary(_, _, operand) | TypeOperation(_, _, operand, _):
            return (operand,)
        case Binary(_, _, left, right):
            return (left, right)
        case Instance(_, _, elements):
            return tuple(value for _, value in elements)
        case _:
            return ()
