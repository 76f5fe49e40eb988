"""Questions about intermediate nodes that the emitter asks: children, free locals, what is worth moving."""

from __future__ import annotations

from collections.abc import Iterator

from cds.engine import ir

EMPTY: frozenset[str] = frozenset()


def children(node: ir.Node) -> Iterator[ir.Node]:
    """Give the nodes directly inside a node."""
    match node:
        case ir.Let():
            yield node.value
            yield node.body
        case ir.Call() | ir.Native() | ir.Invoke():
            yield from node.arguments
        case ir.Field():
            yield node.target
        case ir.And() | ir.Or() | ir.Coalesce():
            yield from node.operands
        case ir.Not() | ir.IsNull():
            yield node.operand
        case ir.If():
            yield from (node.condition, node.then, node.otherwise)
        case ir.MakeList():
            yield from node.items
        case ir.MakeTuple():
            yield from (value for _, value in node.members)
        case ir.Lambda():
            yield node.body
        case ir.Noted():
            yield node.value
        case ir.Comprehension():
            yield from _comprehension_children(node)
        case _:
            return


def _comprehension_children(node: ir.Comprehension) -> Iterator[ir.Node]:
    for clause in node.clauses:
        match clause:
            case ir.Each():
                yield clause.source
            case ir.Bind():
                yield clause.value
            case ir.Where():
                yield clause.condition
            case ir.Witness():
                yield ir.Local(clause.name)
    match node.sink:
        case ir.Collect() | ir.First():
            yield node.sink.value
        case ir.Fold():
            yield node.sink.start
            yield node.sink.step
        case _:
            return


def bound_names(node: ir.Node) -> frozenset[str]:
    """Give the names that a node binds for nodes inside it."""
    match node:
        case ir.Let():
            return frozenset((node.name,))
        case ir.Lambda():
            return frozenset(node.parameters)
        case ir.Comprehension():
            names = {clause.name for clause in node.clauses if isinstance(clause, ir.Each | ir.Bind)}
            if isinstance(node.sink, ir.Fold):
                names.add(node.sink.name)
            return frozenset(names)
        case _:
            return EMPTY


class FreeLocals:
    """The locals a node uses from outside itself, remembered per node."""

    def __init__(self) -> None:
        self._known: dict[ir.Node, frozenset[str]] = {}

    def of(self, root: ir.Node) -> frozenset[str]:
        """Give the free locals of a node; no recursion, so depth does not matter."""
        known = self._known
        pending: list[tuple[ir.Node, tuple[ir.Node, ...] | None]] = [(root, None)]
        while pending:
            node, inner = pending.pop()
            if inner is not None:
                known[node] = EMPTY.union(*[known[child] for child in inner]) - bound_names(node)
            elif isinstance(node, ir.Local):
                known[node] = frozenset((node.name,))
            elif node not in known:
                inner = tuple(children(node))
                pending.append((node, inner))
                pending += [(child, None) for child in inner]
        return known[root]


def is_worth_remembering(body: ir.Node) -> bool:
    """Say whether a function does enough that its result for the same arguments is better kept than computed again."""
    calls = 0
    pending = [body]
    for node in pending:
        if isinstance(node, ir.Comprehension | ir.Invoke):
            return True
        calls += isinstance(node, ir.Call)
        pending += children(node)
    return calls > 2


def is_silent(body: ir.Node) -> bool:
    """Say whether the code writes nothing down while it runs: neither what it read and used, nor messages."""
    met: set[ir.Node] = set()
    pending = [body]
    for node in pending:
        match node:
            case ir.Definition() | ir.Parameter() | ir.Noted():
                return False
            case ir.Invoke(silent=False) | ir.Call(says=True):
                return False
            case ir.Comprehension() if any(isinstance(clause, ir.Witness) for clause in node.clauses):
                return False
        new = [child for child in children(node) if child not in met]
        met.update(new)
        pending += new
    return True


def is_worth_moving(node: ir.Node) -> bool:
    """Say whether a node costs enough to be taken out of a loop it does not depend on."""
    return isinstance(node, ir.Call | ir.Comprehension | ir.Invoke)
