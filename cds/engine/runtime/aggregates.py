"""Aggregate functions. Nulls among the elements are left out; without elements the answer is null (Count: 0).

Quantities are brought to the most granular of their units; if they do not convert, the answer is null.
https://cql.hl7.org/09-b-cqlreference.html#aggregate-functions
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import arithmetic, comparison, units
from cds.engine.runtime.buckets import bucket
from cds.engine.runtime.decimals import WIDE, limited
from cds.engine.runtime.values import Quantity, type_name

Source = Sequence[Any] | None


def _known(source: Source) -> list[Any]:
    return [] if source is None else [element for element in source if element is not None]


def all_true(source: Source) -> bool:
    """Return whether no element is false; true when there are none."""
    return all(_known(source))


def any_true(source: Source) -> bool:
    """Return whether an element is true; false when there are none."""
    return any(_known(source))


def count(source: Source) -> int:
    """Return the number of elements that are not null."""
    return len(_known(source))


def sum(source: Source) -> Any:
    """Return the sum; null when it is out of range."""
    known = _known(source)
    return functools.reduce(arithmetic.add, known) if known else None


def max(source: Source) -> Any:
    """Return the greatest element; null when that is not known (imprecise dates, units that do not convert)."""
    return _extreme(source, 1)


def min(source: Source) -> Any:
    """Return the least element; null when that is not known."""
    return _extreme(source, -1)


def _extreme(source: Source, direction: int) -> Any:
    known = _known(source)
    if not known:
        return None
    best = known[0]
    for element in known:
        if comparison.compare(element, best) == direction:
            best = element
    certain = all(comparison.compare(best, element) in (0, direction) for element in known)
    return best if certain else None


def mode(source: Source) -> Any:
    """Return the element that appears most often; of several, the one that appears first."""
    groups: dict[Hashable, list[list[Any]]] = {}
    for element in _known(source):
        candidates = groups.setdefault(bucket(element), [])
        for candidate in candidates:
            if comparison.same(candidate[0], element):
                candidate[1] += 1
                break
        else:
            candidates.append([element, 1])
    tallies = [candidate for candidates in groups.values() for candidate in candidates]
    return builtins.max(tallies, key=lambda tally: tally[1])[0] if tallies else None


def product(source: Source) -> Any:
    """Return the product; of quantities, in their own unit, as the reference has it."""
    known = _known(source)
    if known and isinstance(known[0], Quantity):
        return _over_decimals(known, lambda values: functools.reduce(WIDE.multiply, values))
    return functools.reduce(arithmetic.multiply, known) if known else None


def avg(source: Source) -> Any:
    """Return the mean, a Decimal or a Quantity."""
    return _over_decimals(_known(source), _mean)


def median(source: Source) -> Any:
    """Return the middle element, or the mean of the two in the middle."""
    return _over_decimals(_known(source), _middle)


def geometric_mean(source: Source) -> Any:
    """Return the n-th root of the product of the n elements; null when there is none (a negative product)."""
    return _over_decimals(_known(source), _root_of_product)


def variance(source: Source) -> Any:
    """Return the variance of a sample, over n - 1; null for a single element. Quantities keep their unit."""
    return _over_decimals(_known(source), lambda values: _mean_square(values, len(values) - 1))


def population_variance(source: Source) -> Any:
    """Return the variance of a whole population, over n."""
    return _over_decimals(_known(source), lambda values: _mean_square(values, len(values)))


def std_dev(source: Source) -> Any:
    """Return the standard deviation of a sample."""
    return _over_decimals(_known(source), lambda values: _root(_mean_square(values, len(values) - 1)))


def population_std_dev(source: Source) -> Any:
    """Return the standard deviation of a whole population."""
    return _over_decimals(_known(source), lambda values: _root(_mean_square(values, len(values))))


def _over_decimals(known: list[Any], function: Callable[[list[Decimal]], Decimal | None]) -> Any:
    """Apply a function of plain numbers to numbers or quantities, and give the result their unit."""
    if not known:
        return None
    if not isinstance(known[0], Quantity):
        result = function([_decimal(element) for element in known])
        return None if result is None else limited(result)
    values, unit = _in_one_unit(known)
    result = function(values) if values else None
    number = None if result is None else limited(result)
    return None if number is None else Quantity(number, unit)


def _decimal(element: Any) -> Decimal:
    if isinstance(element, int | Decimal) and not isinstance(element, bool):
        return Decimal(element)
    message = f"a {type_name(element)} among the elements cannot be aggregated as a number"
    raise EvaluationError(message)


def _in_one_unit(known: list[Any]) -> tuple[list[Decimal], str]:
    """Return the values in the most granular unit among them; none at all when one of them does not convert."""
    amounts = [element if isinstance(element, Quantity) else Quantity(_decimal(element)) for element in known]
    unit = functools.reduce(units.finer, (amount.unit for amount in amounts))
    values = [units.convert(amount.value, amount.unit, unit) for amount in amounts]
    convertible = [value for value in values if value is not None]
    return convertible if len(convertible) == len(values) else [], unit


def _mean(values: list[Decimal]) -> Decimal:
    return WIDE.divide(functools.reduce(WIDE.add, values), Decimal(len(values)))


def _middle(values: list[Decimal]) -> Decimal:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else _mean(ordered[half - 1 : half + 1])


def _root_of_product(values: list[Decimal]) -> Decimal | None:
    try:
        total = functools.reduce(WIDE.multiply, values)
        return WIDE.power(total, WIDE.divide(Decimal(1), Decimal(len(values))))
    except InvalidOperation:
        return None


def _mean_square(values: list[Decimal], divisor: int) -> Decimal | None:
    if divisor < 1:
        return None
    mean = _mean(values)
    squares = (WIDE.power(WIDE.subtract(value, mean), 2) for value in values)
    return WIDE.divide(functools.reduce(WIDE.add, squares), Decimal(divisor))


def _root(value: Decimal | None) -> Decimal | None:
    return None if value is None else WIDE.sqrt(value)
