"""How each intermediate node is written as Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cds.engine import ir
from cds.engine.emit import code, conditions, loops
from cds.engine.emit.code import Code
from cds.engine.evidence import path_of
from cds.engine.runtime.values import Tuple
from cds.engine.trampoline import Deep

if TYPE_CHECKING:
    from cds.engine.emit.function import FunctionWriter


def write(writer: FunctionWriter, node: ir.Node) -> Deep[Code]:
    """Write a node: its statements into the writer, its value as the result."""
    return _WRITE[type(node)](writer, node)


def _call(writer: FunctionWriter, node: ir.Call) -> Deep[Code]:
    parts = ["s"] if node.with_run else []
    depth = 0
    for position, argument in enumerate(node.arguments):
        value: Code = yield writer.value(argument)
        if position in node.charges:
            value = writer.keep(value)
            charge_for(writer, value)
        depth = max(depth, value.depth)
        parts.append(value.text)
    parts.extend(f"{option}={writer.constant(constant).text}" for option, constant in node.options)
    function = writer.module.constant(node.function)
    result = Code(f"{function}({', '.join(parts)})", depth + 1, never_null=node.never_null)
    if -1 in node.charges:
        result = writer.keep(result, node.at)
        charge_for(writer, result)
    return writer.keep(result, node.at) if node.at else result


def charge_for(writer: FunctionWriter, value: Code) -> None:
    """Charge the length of a list or text to the budget."""
    writer.line(f"if {value.text}: s.charge(len({value.text}))")  # null and nothing cost nothing


def _native(writer: FunctionWriter, node: ir.Native) -> Deep[Code]:
    values = yield arguments(writer, node)
    text = node.template.format(*(value.text for value in values))
    nulls = [value.text for value in values if not value.never_null]
    if node.null_in_null_out and nulls:
        unknown = " or ".join(f"{null} is None" for null in dict.fromkeys(nulls))
        return Code(f"(None if {unknown} else {text})", 1)
    return Code(f"({text})", 1, never_null=node.never_null or node.null_in_null_out)


def arguments(writer: FunctionWriter, node: ir.Native) -> Deep[list[Code]]:
    """Write the arguments of a native expression and return them as names and literals."""
    values = []
    for argument in node.arguments:
        value = yield writer.value(argument)
        values.append(writer.keep(value))
    return values


def _field(writer: FunctionWriter, node: ir.Field) -> Deep[Code]:
    target = writer.keep((yield writer.value(node.target)))
    get = f"{target.text}.get({node.key!r})"
    return Code(get if target.never_null else f"(None if {target.text} is None else {get})", 1)


def _and(writer: FunctionWriter, node: ir.And) -> Deep[Code]:
    return _logic(writer, node, settled="False")


def _or(writer: FunctionWriter, node: ir.Or) -> Deep[Code]:
    return _logic(writer, node, settled="True")


def _logic(writer: FunctionWriter, node: ir.And | ir.Or, *, settled: str) -> Deep[Code]:
    """Write and/or: the value `settled` ends it, null survives everything else."""
    first = yield writer.value(node.operands[0])
    result = writer.temporary()
    writer.line(f"{result} = {first.text}")
    never_null = first.never_null
    for operand in node.operands[1:]:
        with writer.inner() as block:
            value = writer.named((yield writer.value(operand)))
            if never_null:
                writer.line(f"{result} = {value.text}")
            elif value.never_null:
                writer.line(f"if {value.text} is {settled}:")
                writer.lines.append(block_line(writer, f"{result} = {settled}"))
            else:
                writer.line(f"if {result} is None:")
                writer.lines.append(block_line(writer, f"{result} = {settled} if {value.text} is {settled} else None"))
                writer.line("else:")
                writer.lines.append(block_line(writer, f"{result} = {value.text}"))
        writer.line(f"if {result} is not {settled}:")
        writer.put(block)
        never_null = never_null and value.never_null
    return code.name(result, never_null=never_null)


def block_line(writer: FunctionWriter, text: str) -> Any:
    """Return a line one level deeper than the writer stands."""
    with writer.inner() as block:
        writer.line(text)
    return block[0]


def _is_null(writer: FunctionWriter, node: ir.IsNull) -> Deep[Code]:
    value = yield writer.value(node.operand)
    if value.never_null:
        return Code("False", 0, simple=True, never_null=True)
    return Code(f"({value.text} is None)", value.depth + 1, never_null=True)


def _not(writer: FunctionWriter, node: ir.Not) -> Deep[Code]:
    value = writer.named((yield writer.value(node.operand)))
    if value.never_null:
        return Code(f"(not {value.text})", 1, never_null=True)
    return Code(f"(None if {value.text} is None else not {value.text})", 1)


def _if(writer: FunctionWriter, node: ir.If) -> Deep[Code]:
    condition = yield conditions.holds(writer, node.condition)
    with writer.inner() as then_block:
        then = yield writer.value(node.then)
    with writer.inner() as else_block:
        otherwise = yield writer.value(node.otherwise)
    never_null = then.never_null and otherwise.never_null
    if not then_block and not else_block:
        depth = max(condition.depth, then.depth, otherwise.depth) + 1
        return Code(f"({then.text} if {condition.text} else {otherwise.text})", depth, never_null=never_null)
    result = writer.temporary()
    then_block.append(block_line(writer, f"{result} = {then.text}"))
    else_block.append(block_line(writer, f"{result} = {otherwise.text}"))
    writer.line(f"if {condition.text}:")
    writer.put(then_block)
    writer.line("else:")
    writer.put(else_block)
    return code.name(result, never_null=never_null)


def _coalesce(writer: FunctionWriter, node: ir.Coalesce) -> Deep[Code]:
    result = writer.temporary()
    first = yield writer.value(node.operands[0])
    writer.line(f"{result} = {first.text}")
    last = first
    for operand in node.operands[1:]:
        with writer.inner() as block:
            last = yield writer.value(operand)
            writer.line(f"{result} = {last.text}")
        writer.line(f"if {result} is None:")
        writer.put(block)
    return code.name(result, never_null=last.never_null)


def _let(writer: FunctionWriter, node: ir.Let) -> Deep[Code]:
    yield bind(writer, node.name, node.value)
    result: Code = yield writer.value(node.body)
    return result


def bind(writer: FunctionWriter, name: str, node: ir.Node) -> Deep[None]:
    """Give a local the value of a node."""
    value = yield writer.value(node)
    if value.text.isidentifier():
        writer.alias(name, value)
    else:
        local = writer.declare(name, never_null=value.never_null)
        writer.line(f"{local.text} = {value.text}")


def _make_list(writer: FunctionWriter, node: ir.MakeList) -> Deep[Code]:
    items, depth = [], 0
    for item in node.items:
        value = yield writer.value(item)
        depth = max(depth, value.depth)
        items.append(value.text)
    return Code(f"[{', '.join(items)}]", depth + 1, never_null=True)


def _make_tuple(writer: FunctionWriter, node: ir.MakeTuple) -> Deep[Code]:
    members, depth = [], 0
    for name, member in node.members:
        value = yield writer.value(member)
        depth = max(depth, value.depth)
        members.append(f"{name!r}: {value.text}")
    return Code(f"{writer.module.constant(Tuple)}({{{', '.join(members)}}})", depth + 2, never_null=True)


def _slot(writer: FunctionWriter, kind: str, library: str, name: str, at: str | None) -> Code:
    slot = writer.module.slot(kind, library, name)
    result = writer.temporary()
    writer.line(f"{result} = {writer.local_for('s.values', 'V')}[{slot}]")
    writer.line(f"if {result} is PENDING:")
    with writer.inner() as block:
        writer.line(f"{result} = s.force({slot})", at)
    writer.put(block)
    return code.name(result)


def _definition(writer: FunctionWriter, node: ir.Definition) -> Deep[Code]:
    yield from ()
    if writer.explain:
        slot = writer.module.slot("definition", node.library, node.name)
        writer.line(f"{writer.local_for('s.notes.append', 'note')}({slot})")
    return _slot(writer, "definition", node.library, node.name, node.at)


def _parameter(writer: FunctionWriter, node: ir.Parameter) -> Deep[Code]:
    yield from ()
    return _slot(writer, "parameter", node.library, node.name, None)


def _invoke(writer: FunctionWriter, node: ir.Invoke) -> Deep[Code]:
    parts = ["s"]
    for argument in node.arguments:
        value = yield writer.value(argument)
        parts.append(writer.keep(value).text)
    function = writer.module.function(node.library, node.function)
    return writer.keep(Code(f"{function}({', '.join(parts)})", 1), node.at)


def _noted(writer: FunctionWriter, node: ir.Noted) -> Deep[Code]:
    value: Code = yield writer.value(node.value)
    if writer.explain:
        value = writer.keep(value)
        note(writer, value.text, node.reads)
    return value


def note(writer: FunctionWriter, resource: str, reads: ir.Reads) -> None:
    """Write down a resource, or a list of them, and what was read from it; where there is none, nothing."""
    paths = writer.constant(tuple(map(path_of, reads.paths())))
    remember = writer.local_for("s.notes.append", "note")
    writer.line(f"if {resource}: {remember}(({resource}, {paths.text}))")


_WRITE: dict[type[ir.Node], Callable[[Any, Any], Deep[Code]]] = {
    ir.Call: _call,
    ir.Native: _native,
    ir.Field: _field,
    ir.And: _and,
    ir.Or: _or,
    ir.Not: _not,
    ir.IsNull: _is_null,
    ir.If: _if,
    ir.Coalesce: _coalesce,
    ir.Let: _let,
    ir.MakeList: _make_list,
    ir.MakeTuple: _make_tuple,
    ir.Definition: _definition,
    ir.Parameter: _parameter,
    ir.Invoke: _invoke,
    ir.Noted: _noted,
    ir.Comprehension: loops.comprehension,
    ir.Lambda: loops.function,
}
