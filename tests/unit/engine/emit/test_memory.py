"""Results of functions that a run keeps: nothing is computed twice, and nothing is told apart less than before."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.engine import ir
from cds.engine.build import call
from cds.engine.emit import ModuleWriter
from cds.engine.emit.analysis import is_silent
from cds.engine.emit.memory import Remembered
from cds.engine.evidence import Name, explain
from cds.engine.run import Run

RESULT = {"resourceType": "Observation", "id": "egfr-7", "status": "final"}


class Work:
    """Runtime functions that count how often they are called."""

    def __init__(self) -> None:
        self.calls = 0

    def step(self, value):
        self.calls += 1
        return value

    def say(self, run, value):
        run.messages.append(("Message", "said"))
        return value


def of_three_steps(work, operand="x"):
    """A body that does enough to be remembered."""
    node = ir.Local(operand)
    for _ in range(3):
        node = call(work.step, node, foldable=False)
    return node


def compiled(*functions, explain=False):
    """Compile functions given as (name, body, by value), all of one parameter x; later ones may invoke earlier ones."""
    writer = ModuleWriter("test", explain=explain)
    names = {
        name: writer.add_function(name, ("x",), body, remembered=Remembered(f"L.{name}", (by_value,), is_silent(body)))
        for name, body, by_value in functions
    }
    module = writer.build()
    namespace = module.bind({})
    for name, (_, function) in module.invoked.items():
        namespace[name] = namespace[names[function]]
    return {name: namespace[python] for name, python in names.items()}


@pytest.mark.parametrize("explain", [False, True])
def test_the_same_function_of_the_same_resource_is_computed_once_in_a_run(explain):
    work = Work()
    f = compiled(("f", of_three_steps(work), False), explain=explain)["f"]
    run = Run(now=None)
    assert f(run, RESULT) is f(run, RESULT) is RESULT
    assert work.calls == 3
    f(Run(now=None), RESULT)
    assert work.calls == 6, "another run knows nothing of it"


def test_null_is_a_result_like_any_other():
    work = Work()
    f = compiled(("f", of_three_steps(work), False))["f"]
    run = Run(now=None)
    assert f(run, None) is f(run, None) is None
    assert work.calls == 3


def test_numbers_that_are_equal_and_written_differently_are_told_apart():
    f = compiled(("f", of_three_steps(Work()), False))["f"]
    run = Run(now=None)
    assert [str(f(run, Decimal(text))) for text in ("1.0", "1.00", "1.000")] == ["1.0", "1.00", "1.000"]


def test_texts_that_are_equal_are_the_same():
    work = Work()
    f = compiled(("f", of_three_steps(work), True))["f"]
    run = Run(now=None)
    assert f(run, "".join(["mg", "/dL"])) == f(run, "".join(["mg", "/dL"])) == "mg/dL"
    assert work.calls == 3


def test_an_argument_lives_as_long_as_its_result_is_kept():
    f = compiled(("f", of_three_steps(Work()), False))["f"]
    run = Run(now=None)
    # Were the objects let go, the next one could have the identity of the last.
    assert [f(run, [number])[0] for number in range(100)] == list(range(100))


def test_a_function_that_says_something_says_it_each_time():
    work = Work()
    body = call(work.say, of_three_steps(work), with_run=True, foldable=False, says=True)
    f = compiled(("f", body, False))["f"]
    run = Run(now=None)
    f(run, RESULT)
    f(run, RESULT)
    assert run.messages == [("Message", "said")] * 2


@pytest.mark.parametrize("reads", [None, ir.Reads({"status"})])
def test_a_run_keeps_only_so_many_results(reads):
    body = of_three_steps(Work())
    f = compiled(("f", body if reads is None else ir.Noted(body, reads), False), explain=True)["f"]
    run = Run(now=None)
    run.room = 2
    kept = [[number] for number in range(5)]
    assert [f(run, one) for one in kept] == kept
    assert len(run.known["L.f"]) == 2


def test_a_small_function_is_not_remembered():
    f = compiled(("f", call(Work().step, ir.Local("x"), foldable=False), False))["f"]
    run = Run(now=None)
    f(run, RESULT)
    assert not run.known


def test_who_asks_later_rests_on_the_same_facts_as_who_asked_first():
    reads = ir.Reads({"status"})
    inner = of_three_steps(Work())
    functions = compiled(
        ("inner", ir.Noted(inner, reads), False),
        ("outer", ir.Invoke("L", "inner", (of_three_steps(Work()),)), False),
        explain=True,
    )
    run = Run(now=None)
    notes_of = {}
    # The inner one is known when the outer one is computed, and the outer one when the third asks.
    for slot, asked in enumerate((("inner", "outer"), ("outer",), ("inner",))):
        run.notes = notes_of[slot] = []
        for name in asked:
            functions[name](run, RESULT)
    names = [Name.of("L", f"Definition {slot}") for slot in notes_of]
    explanation = explain(names, notes_of)
    for name in names:
        assert explanation.readings(name.library, name.definition) == [("Observation/egfr-7", {"status": "final"})]


def test_functions_of_the_same_argument_do_not_share_their_results():
    functions = compiled(
        ("f", of_three_steps(Work()), True), ("g", call("{}!".format, of_three_steps(Work()), foldable=False), True)
    )
    run = Run(now=None)
    assert [functions[name](run, "a") for name in "fgfg"] == ["a", "a!", "a", "a!"]


def reading(operand="x"):
    return ir.Witness(operand, ir.Reads({"status"}))


def each_of(operand="x"):
    return ir.Each("item", ir.Local(operand), items_never_null=True)


@pytest.mark.parametrize(
    "node",
    [
        ir.Definition("L", "Other"),
        ir.Parameter("L", "Unit"),
        ir.Noted(ir.Local("x"), ir.Reads({"status"})),
        ir.Invoke("L", "talks", (ir.Local("x"),)),
        call(Work().say, ir.Local("x"), with_run=True, says=True),
        ir.Comprehension((each_of(), reading("item")), ir.Collect(ir.Local("item"))),
    ],
)
def test_code_that_may_write_something_down_is_not_silent(node):
    assert not is_silent(node)
    assert not is_silent(ir.If(ir.IsNull(ir.Local("x")), ir.Const(1), ir.Not(node)))


def test_code_that_only_computes_is_silent():
    computed = of_three_steps(Work())
    assert is_silent(computed)
    assert is_silent(ir.Invoke("L", "computes", (computed,), silent=True))
    assert is_silent(ir.Comprehension((each_of(),), ir.Collect(ir.Local("item"))))
