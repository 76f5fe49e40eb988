"""Comprehensions as nested for-loops, and callables for runtime functions that call back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.engine import build, ir
from cds.engine.emit import code, conditions, expressions
from cds.engine.emit.code import Code
from cds.engine.emit.lines import Block
from cds.engine.run import PENDING
from cds.engine.trampoline import Deep

if TYPE_CHECKING:
    from cds.engine.emit.function import FunctionWriter


def comprehension(writer: FunctionWriter, node: ir.Comprehension) -> Deep[Code]:
    """Write the loops, then the sink in the innermost one."""
    result = writer.temporary()
    sink = node.sink
    start = yield _start(writer, sink)
    writer.line(f"{result} = {start}")
    depth = len(writer.loops)
    outer_indent = writer.indent
    inner_indents: list[int] = []
    collected = sink.value.name if isinstance(sink, ir.Collect) and isinstance(sink.value, ir.Local) else None
    noted: list[ir.Witness] = []
    for clause in _merged(node.clauses):
        if isinstance(clause, ir.Witness) and clause.name == collected:
            noted.append(clause)  # the list of the results is noted as a whole, once
        else:
            yield _clause(writer, clause, inner_indents)
    yield _end(writer, sink, result)
    if isinstance(sink, ir.Exists | ir.First):
        _leave(writer, result, sink, inner_indents)
    del writer.loops[depth:]
    writer.indent = outer_indent
    if writer.explain:
        for witness in noted:
            expressions.note(writer, result, witness.reads)
    if isinstance(sink, ir.First):
        writer.line(f"if {result} is {writer.module.constant(PENDING)}:")
        writer.lines.append(expressions.block_line(writer, f"{result} = None"))
    return code.name(result, never_null=build.never_null(node))


def _merged(clauses: tuple[ir.Clause, ...]) -> list[ir.Clause]:
    """Run over the source of a source directly, instead of building the list between them."""
    merged: list[ir.Clause] = []
    pending = list(reversed(clauses))
    first = True
    while pending:
        clause = pending.pop()
        if isinstance(clause, ir.Each):
            source = clause.source
            if first and isinstance(source, ir.Comprehension) and isinstance(source.sink, ir.Collect):
                pending.append(ir.Bind(clause.name, source.sink.value))
                pending.extend(reversed(source.clauses))
                continue
            first = False
        merged.append(clause)
    return merged


def _clause(writer: FunctionWriter, clause: ir.Clause, inner_indents: list[int]) -> Deep[None]:
    match clause:
        case ir.Each():
            yield _each(writer, clause)
            inner_indents.append(writer.indent)
        case ir.Bind():
            yield expressions.bind(writer, clause.name, clause.value)
        case ir.Where():
            operands = clause.condition.operands if isinstance(clause.condition, ir.And) else (clause.condition,)
            for operand in operands:
                condition = yield conditions.holds(writer, operand)
                if inner_indents:
                    writer.line(f"if not {condition.text}: continue")
                else:
                    writer.line(f"if {condition.text}:")
                    writer.indent += 1
        case ir.Witness():
            if writer.explain:
                expressions.note(writer, writer.local(clause.name).text, clause.reads)


def _each(writer: FunctionWriter, clause: ir.Each) -> Deep[None]:
    source = yield writer.value(clause.source)
    items = writer.temporary()
    writer.line(f"{items} = {source.text}" if source.never_null else f"{items} = {source.text} or ()")
    expressions.charge_for(writer, code.name(items, never_null=True))
    writer.open_loop()
    item = writer.declare(clause.name, never_null=clause.items_never_null)
    writer.line(f"for {item.text} in {items}:")
    writer.indent += 1


def _start(writer: FunctionWriter, sink: ir.Sink) -> Deep[str]:
    match sink:
        case ir.Collect():
            return "[]"
        case ir.Exists():
            return "False"
        case ir.Count():
            return "0"
        case ir.First():
            return writer.module.constant(PENDING)
        case ir.Fold():
            start: Code = yield writer.value(sink.start)
            return start.text


def _end(writer: FunctionWriter, sink: ir.Sink, result: str) -> Deep[None]:
    match sink:
        case ir.Collect():
            value = yield writer.value(sink.value)
            writer.line(f"{result}.append({value.text})")
        case ir.Exists():
            writer.line(f"{result} = True")
        case ir.Count():
            writer.line(f"{result} += 1")
        case ir.First():
            value = yield writer.value(sink.value)
            writer.line(f"{result} = {value.text}")
        case ir.Fold():
            writer.alias(sink.name, code.name(result))
            value = yield writer.value(sink.step)
            writer.line(f"{result} = {value.text}")


def _leave(writer: FunctionWriter, result: str, sink: ir.Sink, inner_indents: list[int]) -> None:
    """Break out of every loop of this comprehension once it is settled."""
    if not inner_indents:
        return
    writer.line("break")
    settled = result if isinstance(sink, ir.Exists) else f"{result} is not {writer.module.constant(PENDING)}"
    for indent in reversed(inner_indents[:-1]):
        writer.indent = indent
        writer.line(f"if {settled}: break")


def function(writer: FunctionWriter, node: ir.Lambda) -> Deep[Code]:
    """Write a nested function that sees the locals around it."""
    name = writer.temporary()
    parameters = ", ".join(writer.declare(parameter).text for parameter in node.parameters)
    block: Block
    with writer.inner() as block, writer.no_loops():
        value = yield writer.value(node.body)
        writer.line(f"return {value.text}")
    writer.line(f"def {name}({parameters}):")
    writer.put(block)
    return code.name(name, never_null=True)
