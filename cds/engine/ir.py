"""The intermediate form: what ELM and FHIRPath are lowered to, and what `emit` turns into Python source.

A program is a tree of nodes. Every node stands for one value and has no side effect, so that a node may be folded,
moved out of a loop, or not evaluated at all. Null is Python's None; a Boolean is True, False or None.

Build nodes with the functions of `cds.engine.build` (`call`, `native`, `conjunction`, `choose` …): they fold what is
constant while the tree grows, so a finished tree is already small.

Names of locals are unique within one function (`Names.fresh`); the emitter relies on it when it moves code.
`at` is the place in the author's text ("12:4-12:30"), reported when the node fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Node:
    """Any expression. Nodes are compared by identity."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Const(Node):
    """A value known at compile time: any engine value. Lists among them are shared, and never changed."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Local(Node):
    """A parameter of the function, or a name bound by Let, Each, Bind, Fold or Lambda around this node."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Let(Node):
    """`name` stands for `value` inside `body`; the value is evaluated once, before the body."""

    name: str
    value: Node
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A Python function applied to evaluated arguments.

    `options` are constant keyword arguments. `with_run` passes the run (clock, resources, budget) as first argument.
    `foldable` allows evaluation at compile time when all arguments are constant: only for functions that depend on
    nothing else and cannot take long. `never_null` promises a result other than None. `charges` are the positions of
    arguments whose length is charged to the budget before the call; -1 stands for the result, after it. `says` that it
    may leave a message with the run.
    """

    function: Callable[..., Any]
    arguments: tuple[Node, ...]
    options: tuple[tuple[str, Any], ...] = ()
    with_run: bool = False
    foldable: bool = True
    never_null: bool = False
    at: str | None = None
    charges: tuple[int, ...] = ()
    says: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Native(Node):
    """A Python expression over the arguments: template "{0} < {1}". It must not fail on what the types allow.

    With `null_in_null_out` the result is None as soon as one argument is None, and the template sees no None.
    Each argument is a plain name or literal when the template is filled in, so it may occur several times.
    """

    template: str
    arguments: tuple[Node, ...]
    null_in_null_out: bool = True
    never_null: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Field(Node):
    """A member of a JSON object (or of a CQL tuple): None when the object is None or has no such member."""

    target: Node
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class And(Node):
    """Three-valued conjunction, from left to right; the rest is not evaluated after False."""

    operands: tuple[Node, ...]
    never_null: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Or(Node):
    """Three-valued disjunction, from left to right; the rest is not evaluated after True."""

    operands: tuple[Node, ...]
    never_null: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Not(Node):
    """Three-valued negation."""

    operand: Node
    never_null: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class IsNull(Node):
    """True for null, else False; never null."""

    operand: Node


@dataclass(frozen=True, slots=True, eq=False)
class If(Node):
    """`then` where the condition is True, else `otherwise` (for False and for null); only one is evaluated."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True, eq=False)
class Coalesce(Node):
    """The first operand that is not null; later ones are not evaluated."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MakeList(Node):
    """A new list of the items."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MakeTuple(Node):
    """A new CQL tuple: a `runtime.values.Tuple` of the members, in this order."""

    members: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Definition(Node):
    """The value of a definition, evaluated at most once per run."""

    library: str
    name: str
    at: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    """The value of a parameter of a library, bound or default, evaluated at most once per run."""

    library: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Invoke(Node):
    """A user-defined function; `function` is its key within the library (name and operand types).

    `silent` promises that it writes nothing down: neither what it read and used, nor messages.
    """

    library: str
    function: str
    arguments: tuple[Node, ...]
    at: str | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Lambda(Node):
    """A Python callable for a runtime function that calls back (sort keys, repeat); may use the locals around it."""

    parameters: tuple[str, ...]
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """Clause: for each item of a list (None counts as empty). Every item is charged to the budget."""

    name: str
    source: Node
    items_never_null: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Bind:
    """Clause: a name for a value, for the clauses after it."""

    name: str
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """Clause: go on only where the condition is True."""

    condition: Node


@dataclass(slots=True, eq=False)
class Reads:
    """The JSON paths ("valueQuantity.value") that an expression reads from one resource; grows while it is lowered."""

    found: set[str] = field(default_factory=set)

    def paths(self) -> tuple[str, ...]:
        """Return the paths in order, without those that only lead to a longer one."""
        ordered = sorted(self.found)
        return tuple(path for path in ordered if not any(other.startswith(f"{path}.") for other in ordered))


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """Clause: what comes this far supports the result: resource `name` with what is read from it.

    Costs nothing unless the run explains itself.
    """

    name: str
    reads: Reads


Clause = Each | Bind | Where | Witness


@dataclass(frozen=True, slots=True, eq=False)
class Collect:
    """Sink: the list of the values."""

    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Exists:
    """Sink: True as soon as the clauses are passed once, else False."""


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """Sink: how often the clauses are passed."""


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """Sink: the value where the clauses are passed for the first time, else None."""

    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Sink: start with `start`; each pass replaces `name` by `step`; the last one is the result."""

    name: str
    start: Node
    step: Node


Sink = Collect | Exists | Count | First | Fold


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension(Node):
    """Nested loops, filters and bindings in the order of the clauses, ended by a sink: filter, map, exists, fold."""

    clauses: tuple[Clause, ...]
    sink: Sink


@dataclass(frozen=True, slots=True, eq=False)
class Noted(Node):
    """A resource, kept as evidence with what is read from it when the run explains."""

    value: Node
    reads: Reads


@dataclass(slots=True)
class Names:
    """Gives out names of locals that are unique within one function."""

    taken: dict[str, int] = field(default_factory=dict)

    def fresh(self, hint: str) -> str:
        """Return a new name that starts with the letters and digits of the hint."""
        stem = "".join(c if c.isascii() and c.isalnum() else "_" for c in hint).strip("_") or "v"
        stem = f"v{stem}" if stem[0].isdigit() else stem
        number = self.taken[stem] = self.taken.get(stem, 0) + 1
        return f"{stem}_{number}"
