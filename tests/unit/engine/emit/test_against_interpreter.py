"""Emitted Python gives what a plain walk over the same nodes gives, on random programs."""

from __future__ import annotations

import random

import pytest

from cds.engine import build, ir
from cds.engine.emit import compile_function
from cds.engine.run import Run

MISSING = object()


class Interpreter:
    """The meaning of the intermediate form, with no thought of speed."""

    def value(self, node, names):
        return getattr(self, f"of_{type(node).__name__.lower()}")(node, names)

    def of_const(self, node, names):
        return node.value

    def of_local(self, node, names):
        return names[node.name]

    def of_let(self, node, names):
        return self.value(node.body, names | {node.name: self.value(node.value, names)})

    def of_call(self, node, names):
        return node.function(*(self.value(a, names) for a in node.arguments), **dict(node.options))

    def of_native(self, node, names):
        values = [self.value(a, names) for a in node.arguments]
        if node.null_in_null_out and None in values:
            return None
        return eval(node.template.format(*map(repr, values)))

    def of_and(self, node, names):
        result = True
        for operand in node.operands:
            value = self.value(operand, names)
            if value is False:
                return False
            result = None if value is None else result
        return result

    def of_or(self, node, names):
        result = False
        for operand in node.operands:
            value = self.value(operand, names)
            if value is True:
                return True
            result = None if value is None else result
        return result

    def of_not(self, node, names):
        value = self.value(node.operand, names)
        return None if value is None else not value

    def of_isnull(self, node, names):
        return self.value(node.operand, names) is None

    def of_if(self, node, names):
        return self.value(node.then if self.value(node.condition, names) is True else node.otherwise, names)

    def of_coalesce(self, node, names):
        return next((v for operand in node.operands if (v := self.value(operand, names)) is not None), None)

    def of_makelist(self, node, names):
        return [self.value(item, names) for item in node.items]

    def of_comprehension(self, node, names):
        sink = node.sink
        passes = list(self.passes(list(node.clauses), names))
        match sink:
            case ir.Exists():
                return bool(passes)
            case ir.Count():
                return len(passes)
            case ir.Collect():
                return [self.value(sink.value, inner) for inner in passes]
            case ir.First():
                return self.value(sink.value, passes[0]) if passes else None
            case ir.Fold():
                total = self.value(sink.start, names)
                for inner in passes:
                    total = self.value(sink.step, inner | {sink.name: total})
                return total

    def passes(self, clauses, names):
        if not clauses:
            yield names
            return
        clause, *rest = clauses
        match clause:
            case ir.Each():
                for item in self.value(clause.source, names) or ():
                    yield from self.passes(rest, names | {clause.name: item})
            case ir.Bind():
                yield from self.passes(rest, names | {clause.name: self.value(clause.value, names)})
            case ir.Where():
                if self.value(clause.condition, names) is True:
                    yield from self.passes(rest, names)


def add(left, right):
    return None if left is None or right is None else left + right


class Programs:
    """Random programs over the locals p (Integer), q (Boolean) and items (list of Integers)."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.names = ir.Names()

    def integer(self, depth, scope):
        kinds = (
            ["const", "local", "local"]
            if depth == 0
            else ["call", "native", "if", "coalesce", "let", "fold", "first", "count"]
        )
        match self.dice.choice(kinds):
            case "const":
                return ir.Const(self.dice.choice([None, -1, 0, 1, 2]))
            case "local":
                return ir.Local(self.dice.choice(scope))
            case "call":
                return build.call(
                    add,
                    self.integer(depth - 1, scope),
                    self.integer(depth - 1, scope),
                    at=self.dice.choice([None, "1:1"]),
                )
            case "native":
                return build.native("{0} - {1}", self.integer(depth - 1, scope), self.integer(depth - 1, scope))
            case "if":
                parts = self.boolean(depth - 1, scope), self.integer(depth - 1, scope), self.integer(depth - 1, scope)
                return build.choose(*parts)
            case "coalesce":
                return build.coalesce([self.integer(depth - 1, scope), self.integer(depth - 1, scope)])
            case "let":
                name = self.names.fresh("x")
                return ir.Let(name, self.integer(depth - 1, scope), self.integer(depth - 1, [*scope, name]))
            case "fold":
                clauses, inner = self.clauses(depth - 1, scope)
                name = self.names.fresh("total")
                step = self.integer(depth - 1, [*inner, name])
                return ir.Comprehension(clauses, ir.Fold(name, self.integer(0, scope), step))
            case "first":
                clauses, inner = self.clauses(depth - 1, scope)
                return ir.Comprehension(clauses, ir.First(self.integer(depth - 1, inner)))
            case _:
                return ir.Comprehension(self.clauses(depth - 1, scope)[0], ir.Count())

    def boolean(self, depth, scope):
        if depth == 0:
            return self.dice.choice([ir.Const(True), ir.Const(False), ir.Const(None), ir.Local("q")])
        match self.dice.choice(["and", "or", "not", "null", "less", "less", "exists"]):
            case "and":
                return build.conjunction(self.boolean(depth - 1, scope) for _ in range(self.dice.choice([2, 3])))
            case "or":
                return build.disjunction(self.boolean(depth - 1, scope) for _ in range(self.dice.choice([2, 3])))
            case "not":
                return build.negation(self.boolean(depth - 1, scope))
            case "null":
                return build.is_null(self.integer(depth - 1, scope))
            case "less":
                return build.native("{0} < {1}", self.integer(depth - 1, scope), self.integer(depth - 1, scope))
            case _:
                return ir.Comprehension(self.clauses(depth - 1, scope)[0], ir.Exists())

    def clauses(self, depth, scope):
        clauses, inner = [], list(scope)
        for kind in self.dice.choices(["each", "each", "where", "bind"], k=self.dice.choice([1, 2, 3])):
            name = self.names.fresh(kind)
            match kind:
                case "each":
                    clauses.append(ir.Each(name, self.list(depth, inner)))
                    inner.append(name)
                case "bind":
                    clauses.append(ir.Bind(name, self.integer(depth, inner)))
                    inner.append(name)
                case "where":
                    clauses.append(ir.Where(self.boolean(depth, inner)))
        return tuple(clauses), inner

    def list(self, depth, scope):
        if depth == 0 or self.dice.random() < 0.5:
            return ir.Local("items")
        if self.dice.random() < 0.5:
            return build.make_list([self.integer(depth - 1, scope), self.integer(depth - 1, scope)])
        clauses, inner = self.clauses(depth - 1, scope)
        return ir.Comprehension(clauses, ir.Collect(self.integer(depth - 1, inner)))


WORLDS = ((1, True, [1, 2, None]), (None, None, [0]), (2, False, None))


@pytest.mark.parametrize("block", range(8))
def test_random_programs_mean_the_same(block):
    for seed in range(block * 60, block * 60 + 60):
        programs = Programs(seed)
        node = programs.integer(4, ["p"]) if seed % 2 else programs.boolean(4, ["p"])
        function, module = compile_function(("p", "q", "items"), node)
        for p, q, items in WORLDS:
            expected = Interpreter().value(node, {"p": p, "q": q, "items": items})
            actual = function(Run(now=None, max_steps=10_000_000), p, q, items)
            assert actual == expected, f"seed {seed}\n{module.source}"
            assert type(actual) is type(expected)
