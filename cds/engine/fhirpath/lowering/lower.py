"""The walk over the syntax tree: each kind of node to an `Expr`, functions by the tables of `calls`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cds.engine import ir
from cds.engine.errors import FHIRPathSyntaxError, Problem, UnsupportedError
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.lexer import syntax_error
from cds.engine.fhirpath.lowering import calls, collections, navigation, operators, type_operations
from cds.engine.fhirpath.lowering.coercion import one
from cds.engine.fhirpath.lowering.expr import EMPTY, Expr, Scope, constant
from cds.engine.fhirpath.values.elements import type_of

MAX_DEPTH = 120
"""How deep a syntax tree may be: the walk over it is recursive."""
_CONSTANTS = {
    "ucum": "http://unitsofmeasure.org",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}
_PREFIXES = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
}


class Lowering:
    """Lowers one expression for one set of input types.

    `inputs` are the variables handed in. `strict`: an element that the type does not have is an error, not empty.
    """

    def __init__(self, text: str, inputs: Mapping[str, Expr], *, strict: bool = True) -> None:
        self.text = text
        self.inputs = inputs
        self.strict = strict
        self.names = ir.Names()
        self._depth = 0

    def lower(self, node: syntax.Node, scope: Scope, *, value: bool = False) -> Expr:
        """Lower a node; `value` says that only the values of primitives matter, not their ids and extensions."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"the expression is more than {MAX_DEPTH} levels deep"
            raise self.refusal(message, node)
        expr = _LOWER[type(node)](self, node, scope, value)
        self._depth -= 1
        return expr

    def closed(self, node: syntax.Node, scope: Scope, *, value: bool = False) -> Expr:
        """Lower a node in a scope of its own: an operand, an argument, a whole expression."""
        inner = scope.inner()
        return inner.closed(self.lower(node, inner, value=value))

    def source_of(self, node: syntax.Call | syntax.Member, scope: Scope, *, value: bool = False) -> Expr:
        """Lower what a function is called on: written before the dot, or the focus."""
        return scope.this if node.source is None else self.lower(node.source, scope, value=value)

    def refusal(self, message: str, node: syntax.Node) -> FHIRPathSyntaxError:
        """Make the error that refuses the expression at a place."""
        return syntax_error(message, self.text, node.start)


def _empty(_lowering: Lowering, _node: syntax.Empty, _scope: Scope, _value: bool) -> Expr:
    return EMPTY


def _literal(_lowering: Lowering, node: syntax.Literal, _scope: Scope, _value: bool) -> Expr:
    return constant(node.value, type_of(node.value))


def _variable(lowering: Lowering, node: syntax.Variable, scope: Scope, _value: bool) -> Expr:
    found = scope.variables.get(node.name) or lowering.inputs.get(node.name)
    if found is not None:
        return found
    fixed = _fixed(node.name)
    if fixed is not None:
        return constant(fixed, types.STRING)
    message = f"the variable %{node.name} is not defined"
    raise lowering.refusal(message, node)


def _fixed(name: str) -> str | None:
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    return next((base + name.removeprefix(start) for start, base in _PREFIXES.items() if name.startswith(start)), None)


def is_fixed(name: str) -> bool:
    """Say whether a variable has its value from the specification: %ucum, %sct, %loinc, %`vs-…`, %`ext-…`."""
    return _fixed(name) is not None


def _this(_lowering: Lowering, _node: syntax.This, scope: Scope, _value: bool) -> Expr:
    return scope.this


def _index(_lowering: Lowering, _node: syntax.Index, scope: Scope, _value: bool) -> Expr:
    return scope.index or constant(0, types.INTEGER)


def _total(lowering: Lowering, node: syntax.Total, scope: Scope, _value: bool) -> Expr:
    if scope.total is None:
        raise lowering.refusal("$total is only known within aggregate()", node)
    return scope.total


def _indexer(lowering: Lowering, node: syntax.Indexer, scope: Scope, value: bool) -> Expr:
    source = lowering.lower(node.source, scope, value=value)
    index = one(lowering.closed(node.index, scope, value=True), str(node.start))
    return collections.item_at(source, index, str(node.start))


def _unary(lowering: Lowering, node: syntax.Unary, scope: Scope, _value: bool) -> Expr:
    return operators.unary(lowering.closed(node.operand, scope, value=True), node)


def _binary(lowering: Lowering, node: syntax.Binary, scope: Scope, value: bool) -> Expr:
    in_value = value or node.operator != "|"
    left = lowering.closed(node.left, scope, value=in_value)
    right = lowering.closed(node.right, scope, value=in_value)
    return operators.binary(left, right, node)


def _instance(lowering: Lowering, node: syntax.Instance, _scope: Scope, _value: bool) -> Expr:
    reason = "objects are made by content, not by expressions"
    raise UnsupportedError([Problem(lowering.text, str(node.start), f"{node.type_name} {{ … }}", reason)])


_LOWER: dict[type[syntax.Node], Callable[[Lowering, Any, Scope, bool], Expr]] = {
    syntax.Empty: _empty,
    syntax.Literal: _literal,
    syntax.Variable: _variable,
    syntax.This: _this,
    syntax.Index: _index,
    syntax.Total: _total,
    syntax.Member: navigation.member,
    syntax.Indexer: _indexer,
    syntax.Call: calls.call,
    syntax.Unary: _unary,
    syntax.Binary: _binary,
    syntax.TypeOperation: type_operations.type_operation,
    syntax.Instance: _instance,
}


def lower(text: str, tree: syntax.Node, focus: Expr, inputs: Mapping[str, Expr], *, strict: bool) -> Expr:
    """Lower a whole expression; `FHIRPathSyntaxError` where it cannot mean anything on inputs of these types."""
    return Lowering(text, inputs, strict=strict).closed(tree, Scope(focus))
