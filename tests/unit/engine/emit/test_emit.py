"""The emitter: intermediate form in, working Python out."""

from __future__ import annotations

import pytest

from cds.engine import build, ir
from cds.engine.emit import ModuleWriter, compile_function
from cds.engine.errors import BudgetExceeded, EngineError
from cds.engine.evidence import path_of
from cds.engine.run import Run

NAMES = ir.Names()


def evaluate(body, **locals_):
    function, _ = compile_function(tuple(locals_), body)
    return function(Run(now=None), *locals_.values())


def add(a, b):
    return a + b


TRUTH = {"t": True, "f": False, "n": None}


@pytest.mark.parametrize(
    ("operands", "conjunction", "disjunction"),
    [("tt", True, True), ("tf", False, True), ("ft", False, True), ("tn", None, True), ("nt", None, True),
     ("fn", False, None), ("nf", False, None), ("nn", None, None), ("ntf", False, True), ("tnt", None, True)],
)  # fmt: skip
def test_and_and_or_follow_the_truth_table_of_three_values(operands, conjunction, disjunction):
    values = {f"p{i}": TRUTH[o] for i, o in enumerate(operands)}
    nodes = tuple(ir.Local(name) for name in values)
    assert evaluate(ir.And(nodes), **values) is conjunction
    assert evaluate(ir.Or(nodes), **values) is disjunction
    taken = build.choose(ir.And(nodes), ir.Const("yes"), ir.Const("no"))
    assert evaluate(taken, **values) == ("yes" if conjunction is True else "no")
    taken = build.choose(ir.Not(ir.Or(nodes)), ir.Const("yes"), ir.Const("no"))
    assert evaluate(taken, **values) == ("yes" if disjunction is False else "no")


def test_and_does_not_evaluate_what_follows_false():
    boom = build.call(lambda _: 1 / 0, ir.Local("p"))
    assert evaluate(ir.And((ir.Local("p"), boom)), p=False) is False
    with pytest.raises(ZeroDivisionError):
        evaluate(ir.And((ir.Local("p"), boom)), p=None)


def test_a_constant_call_is_evaluated_at_compile_time_and_a_failing_one_is_left_for_run_time():
    assert isinstance(build.call(add, ir.Const(1), ir.Const(2)), ir.Const)
    assert isinstance(build.call(add, ir.Const(1), ir.Const("a")), ir.Call)
    assert isinstance(build.call(add, ir.Const(1), ir.Const(2), foldable=False), ir.Call)


def test_what_does_not_depend_on_a_loop_is_evaluated_once_and_only_if_needed():
    seen = []
    limit = build.call(lambda x: seen.append(x) or x, ir.Local("p"))
    x = NAMES.fresh("x")
    body = ir.Comprehension(
        (ir.Each(x, ir.Local("items")), ir.Where(build.native("{0} > {1}", ir.Local(x), limit))),
        ir.Collect(ir.Local(x)),
    )
    assert evaluate(body, p=2, items=[1, 2, 3, None, 4]) == [3, 4]
    assert seen == [2]
    assert evaluate(body, p=2, items=[]) == []
    assert seen == [2]


def test_exists_leaves_all_its_loops_at_the_first_witness():
    x, y = NAMES.fresh("x"), NAMES.fresh("y")
    seen = []
    same = build.call(lambda a, b: seen.append((a, b)) or a == b, ir.Local(x), ir.Local(y))
    body = ir.Comprehension((ir.Each(x, ir.Local("items")), ir.Each(y, ir.Local("items")), ir.Where(same)), ir.Exists())
    assert evaluate(body, items=[1, 2]) is True
    assert seen == [(1, 1)]


def test_sinks():
    def over(sink_of):
        x = NAMES.fresh("x")
        clauses = (ir.Each(x, ir.Local("items")), ir.Where(build.native("{0} > 1", ir.Local(x))))
        return ir.Comprehension(clauses, sink_of(ir.Local(x)))

    total = NAMES.fresh("total")
    assert evaluate(over(ir.Collect), items=[1, 2, 3]) == [2, 3]
    assert evaluate(over(lambda _: ir.Count()), items=[1, 2, 3]) == 2
    assert evaluate(over(ir.First), items=[1, 2, 3]) == 2
    assert evaluate(over(ir.First), items=[1]) is None
    assert evaluate(over(lambda x: ir.Fold(total, ir.Const(0), build.call(add, ir.Local(total), x))), items=[2, 3]) == 5
    assert evaluate(over(ir.Collect), items=None) == []


def test_an_expression_may_be_deeper_than_python_recurses():
    chain = ir.Local("p")
    for _ in range(20_000):
        chain = build.call(add, chain, ir.Const(1))
    assert evaluate(chain, p=0) == 20_000
    branches = ir.Local("p")
    for number in range(3_000):
        below = build.call(add, branches, ir.Const(1), at="1:1")
        branches = build.choose(build.native("{0} == -1", ir.Local("p")), ir.Const(number), below)
    assert evaluate(branches, p=0) == 3_000


def test_a_failing_line_is_traced_back_to_its_place():
    body = ir.MakeList(
        (build.call(add, ir.Const(1), ir.Const(1)), build.call(add, ir.Local("p"), ir.Const(1), at="7:3"))
    )
    function, module = compile_function(("p",), body, name="Low eGFR")
    with pytest.raises(TypeError) as failure:
        function(Run(now=None), "text")
    assert module.place_of(failure.tb) == ("Low eGFR", "7:3")


def test_every_item_is_charged_to_the_budget():
    x = NAMES.fresh("x")
    function, _ = compile_function(("items",), ir.Comprehension((ir.Each(x, ir.Local("items")),), ir.Count()))
    assert function(Run(now=None, max_steps=3), [1, 2, 3]) == 3
    with pytest.raises(BudgetExceeded):
        function(Run(now=None, max_steps=2), [1, 2, 3])


def test_notes_are_written_only_by_the_explaining_variant():
    x = NAMES.fresh("x")
    clauses = (
        ir.Each(x, ir.Local("items")),
        ir.Where(build.native("{0} > 1", ir.Local(x))),
        ir.Witness(x, ir.Reads({"value"})),
    )
    body = ir.Comprehension(clauses, ir.Exists())
    for explain, notes in ((False, []), (True, [(2, (path_of("value"),))])):
        writer = ModuleWriter("test", explain=explain)
        name = writer.add_function("f", ("items",), body)
        run = Run(now=None)
        assert writer.build().bind({})[name](run, [1, 2, 3]) is True
        assert run.notes == notes


def test_nothing_is_written_down_of_a_resource_that_is_not_there():
    writer = ModuleWriter("test", explain=True)
    noted = ir.Noted(ir.Local("value"), ir.Reads({"status"}))
    name = writer.add_function("f", ("value",), noted)
    function = writer.build().bind({})[name]
    run = Run(now=None)
    for value in (None, [], {"status": "final"}, [{"status": "final"}]):
        assert function(run, value) == value
    assert [note[0] for note in run.notes] == [{"status": "final"}, [{"status": "final"}]]


def test_a_local_that_is_not_bound_or_bound_twice_is_an_error():
    with pytest.raises(EngineError, match="not bound"):
        compile_function((), ir.Local("x"))
    twice = ir.Let("x", build.call(add, ir.Local("p"), ir.Const(1)), ir.Let("x", ir.Local("p"), ir.Local("x")))
    with pytest.raises(EngineError, match="bound twice"):
        compile_function(("p",), twice)
