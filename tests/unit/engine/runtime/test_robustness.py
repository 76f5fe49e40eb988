"""Whatever values meet in an operator, the answer is a value or the engine's own error: never a crash, never a hang."""

import contextlib
import inspect
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import (
    aggregates,
    arithmetic,
    comparison,
    conversion,
    lists,
    logic,
    numeric,
    quantities,
    sorting,
    strings,
)
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import DECIMAL_MAX, INTEGER_MIN, LONG_MAX, Code, Concept, Long, Quantity, Ratio, Tuple

DECIMALS = st.one_of(
    st.sampled_from([Decimal(0), DECIMAL_MAX, -DECIMAL_MAX, Decimal("1E-8"), Decimal("1.7E+308"), Decimal("-5E-324")]),
    st.decimals(-100, 100, places=3),
)
QUANTITIES = st.builds(Quantity, DECIMALS, st.sampled_from(["1", "mg", "g", "m", "Cel", "year", "days", "no unit", ""]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, INTEGER_MIN, 2**31 - 1]),
    st.sampled_from([Long(0), Long(LONG_MAX), Long(-3)]),
    DECIMALS,
    st.sampled_from(["", "a", "(", "a+b", "1", "2026", "T10", "1 'mg'", "\\", "$1"]),
    st.sampled_from([Date(2026), DateTime(2026, 1, 1, 10, offset=Decimal(1)), Time(10)]),
    QUANTITIES,
    st.builds(Ratio, QUANTITIES, QUANTITIES),
    st.sampled_from([Code("a", "urn:s"), Concept(()), Tuple({"a": None}), {"resourceType": "Patient"}, {"value": 1.5}]),
    st.sampled_from([Uncertainty(1, 2), Interval(1, 2), Interval(None, None, low_closed=False)]),
)
LISTS = st.lists(SCALARS, max_size=4)
ANYTHING = st.one_of(SCALARS, LISTS)
WHOLE = st.one_of(st.none(), st.sampled_from([0, 1, -1, 5, INTEGER_MIN, 2**31 - 1]))
TEXT = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(["(a|", "[", "(a)|b", "\\d+", "$9", "${x}"]))

# What the static types of CQL let reach an operator; anything where the type is Any.
PARAMETERS = {
    **dict.fromkeys(("left", "right", "operand", "argument", "element", "base"), ANYTHING),
    **dict.fromkeys(("string", "pattern", "prefix", "suffix", "separator", "substitution", "unit"), TEXT),
    **dict.fromkeys(("precision", "index", "start_index", "end_index", "number", "length"), WHOLE),
    "source": st.one_of(st.none(), LISTS),
    "offset": st.just(Decimal(1)),
}
TYPED = {
    strings: {"operand": TEXT, "source": st.one_of(st.none(), st.lists(TEXT, max_size=3))},
    quantities: dict.fromkeys(("left", "right", "argument"), QUANTITIES),
    lists: dict.fromkeys(("left", "right", "operand"), st.one_of(st.none(), LISTS)),
    logic: dict.fromkeys(("left", "right", "operand"), st.one_of(st.none(), st.booleans())),
}
RATIOS = dict.fromkeys(("left", "right"), st.builds(Ratio, QUANTITIES, QUANTITIES))
OWN_TYPES = {
    quantities.ratios_equal: RATIOS,
    quantities.ratios_equivalent: RATIOS,
    conversion.to_chars: {"argument": TEXT},
    numeric.integer: {"value": st.integers()},
    numeric.long: {"value": st.integers()},
    numeric.promoted: {"symbol": st.just("+")},
    numeric.whole_number: {"kind": st.sampled_from([int, Long]), "value": st.integers()},
    comparison.codes_equivalent: dict.fromkeys(("left", "right"), st.builds(Code, st.text(max_size=1))),
    **{
        function: {name: st.one_of(st.none(), DECIMALS) for name in ("operand", "argument", "base")}
        for function in (arithmetic.ceiling, arithmetic.floor, arithmetic.truncate, arithmetic.exp, arithmetic.ln)
    },
    arithmetic.log: {name: st.one_of(st.none(), DECIMALS) for name in ("argument", "base")},
    arithmetic.round: {"operand": st.one_of(st.none(), DECIMALS, QUANTITIES)},
    lists.children: {"source": ANYTHING},
    lists.descendents: {"source": ANYTHING},
}


def operators():
    for module in (aggregates, arithmetic, comparison, conversion, lists, logic, numeric, quantities, sorting, strings):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                yield pytest.param(module, function, id=f"{module.__name__.rpartition('.')[2]}.{name}")


def arguments(module, function):
    typed = {**PARAMETERS, **TYPED.get(module, {}), **OWN_TYPES.get(function, {})}
    signature = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in signature):
        first = [typed[p.name] for p in signature if p.kind is not p.VAR_POSITIONAL]
        return st.tuples(*first) if first else st.lists(TEXT if module is strings else ANYTHING, max_size=3)
    return st.tuples(*(typed[parameter.name] for parameter in signature))


@pytest.mark.parametrize(("module", "function"), list(operators()))
def test_an_operator_answers_or_raises_the_engines_own_error(module, function):
    @settings(max_examples=25, deadline=2000)
    @given(arguments(module, function))
    def check(values):
        with contextlib.suppress(EvaluationError):
            function(*values)

    check()
