"""Conditions: where only True counts, three-valued logic becomes plain Python conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.engine import ir
from cds.engine.emit import expressions
from cds.engine.emit.code import MAX_DEPTH, Code, name
from cds.engine.trampoline import Deep

if TYPE_CHECKING:
    from cds.engine.emit.function import FunctionWriter


def holds(writer: FunctionWriter, node: ir.Node) -> Deep[Code]:
    """Return a condition that is true exactly when the node is True."""
    if isinstance(node, ir.And):
        return (yield from _each(writer, node.operands, want=True, operator="and"))
    if isinstance(node, ir.Or):
        return (yield from _each(writer, node.operands, want=True, operator="or"))
    return (yield from _one(writer, node, want=True))


def fails(writer: FunctionWriter, node: ir.Node) -> Deep[Code]:
    """Return a condition that is true exactly when the node is False."""
    if isinstance(node, ir.And):
        return (yield from _each(writer, node.operands, want=False, operator="or"))
    if isinstance(node, ir.Or):
        return (yield from _each(writer, node.operands, want=False, operator="and"))
    return (yield from _one(writer, node, want=False))


def _each(writer: FunctionWriter, operands: tuple[ir.Node, ...], *, want: bool, operator: str) -> Deep[Code]:
    ask = holds if want else fails
    result: Code = yield ask(writer, operands[0])
    for operand in operands[1:]:
        with writer.inner() as block:
            part = yield ask(writer, operand)
        if not block and result.depth < MAX_DEPTH:
            result = Code(f"({result.text} {operator} {part.text})", max(result.depth, part.depth) + 1)
            continue
        kept = writer.temporary()
        writer.line(f"{kept} = {result.text}")
        if block:
            writer.line(f"if {kept}:" if operator == "and" else f"if not {kept}:")
            block.append(expressions.block_line(writer, f"{kept} = {part.text}"))
            writer.put(block)
            result = name(kept)
        else:
            result = Code(f"({kept} {operator} {part.text})", part.depth + 1)
    return result


def _one(writer: FunctionWriter, node: ir.Node, *, want: bool) -> Deep[Code]:
    if isinstance(node, ir.Not):
        inner: Code = yield (fails if want else holds)(writer, node.operand)
        return inner
    if isinstance(node, ir.Native) and node.null_in_null_out and not is_worth_hiding(writer):
        values = yield expressions.arguments(writer, node)
        parts = [f"{v.text} is not None" for v in dict.fromkeys(values) if not v.never_null]
        template = f"({node.template.format(*(v.text for v in values))})"
        parts.append(template if want else f"not {template}")
        return Code(f"({' and '.join(parts)})", 2)
    if isinstance(node, ir.IsNull):
        operand = writer.named((yield writer.value(node.operand)))
        return Code(f"({operand.text} {'is' if want else 'is not'} None)", 1)
    value: Code = writer.named((yield writer.value(node)))
    if value.never_null:
        return value if want else Code(f"(not {value.text})", value.depth + 1)
    return Code(f"({value.text} is {want})", value.depth + 1)


def is_worth_hiding(writer: FunctionWriter) -> bool:
    """Say whether the writer is so deep that a native expression goes through `value`, which may outline it."""
    from cds.engine.emit.function import MAX_INDENT

    return writer.indent >= MAX_INDENT
