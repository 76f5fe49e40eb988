"""UCUM: may one unit be turned into another, by what factor, and is it a unit at all.

The grammar and the table of units are ucumvert's; the arithmetic is ours and exact (fractions), because a general unit
library takes arbitrary units such as `[iU]` for plain numbers and leaves binary dust in the factors. What is held apart
here although UCUM's table would let it pass (CQL leaves it to the engine which conversions it does):

- an arbitrary unit (`[iU]`, `[arb'U]`, `[CFU]` ...) and a microscope's field (`[HPF]`, `[LPF]`) meet only themselves;
- the mole is a dimension of its own, not 6.02e23, so `mmol/L` never meets `/L`; and `mmol/mol` never meets `%`
  (HbA1c: 48 mmol/mol is 6.5 %, not 4.8 %);
- two different annotations (`{score}`, `{points}`) never meet; each of them meets the plain `1`.

What UCUM lets pass and so do we, though an author should know: an equivalent counts as a mole (`meq/L` is `mmol/L`:
right for potassium, wrong for calcium), and an annotation beside a unit means nothing (`mL/min/{1.73_m2}` meets
`mL/min`).

CQL's calendar units: weeks and shorter are UCUM's; years and months are calendar months and meet no definite duration.
https://ucum.org/ucum and https://cql.hl7.org/09-b-cqlreference.html#equal
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cds.engine.runtime.misspelt_units import PER_BODY_SURFACE, hint
from cds.engine.runtime.unit_algebra import Unit

if TYPE_CHECKING:
    from lark import Lark

_EXACT: Final = Context(prec=80, rounding=ROUND_HALF_EVEN)
_RESULT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
_LONGEST_UNIT: Final = 100
_LARGEST_EXPONENT: Final = 40
_CACHED_UNITS: Final = 4096

_DEFINITE_TIME: Final = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
_DEFINITE: Final = _DEFINITE_TIME | {f"{word}s": code for word, code in _DEFINITE_TIME.items()}
_MONTHS: Final = {"year": 12, "years": 12, "month": 1, "months": 1}
CALENDAR_UNITS: Final = frozenset({*_DEFINITE, *_MONTHS})

_OWN_DIMENSION: Final = frozenset({"mol", "[HPF]", "[LPF]"})
_KELVIN: Final = {  # kelvin = value × scale + zero point
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "[degRe]": (Fraction(5, 4), Fraction("273.15")),
}


class _NotAUnit(ValueError):
    """The text is not a unit; the message says why and what may be meant."""


class _Ucum:
    """ucumvert's parser and table. Loading them takes about 0.2 s, once, when the first unit has to be read."""

    def __init__(self) -> None:
        from ucumvert import xml_util
        from ucumvert.parser import get_ucum_parser

        self._parser: Lark = get_ucum_parser()
        self._parsing = threading.Lock()
        self._definitions = {unit.code_cs: unit for unit in xml_util.get_units_with_full_definition()}
        self._base_units = frozenset(xml_util.get_base_units())
        self._prefixes = {
            element.attrib["Code"]: Fraction(element.find("{*}value").attrib["value"])
            for element in xml_util.root.findall(".//{*}prefix[@Code]")
        }
        self._atoms: dict[str, Unit] = {}

    def read(self, text: str) -> Unit:
        """Return the meaning of a UCUM unit. Raises _NotAUnit."""
        from lark.exceptions import UnexpectedInput

        if len(text) > _LONGEST_UNIT:
            raise _NotAUnit("is too long for a unit")
        try:
            with self._parsing:
                tree = self._parser.parse(text)
        except UnexpectedInput as error:
            position = error.pos_in_stream or 0
            found = repr(text[position]) if 0 <= position < len(text) else "its end"
            message = f"is not a UCUM unit (stuck at {found}){hint(text)}"
            raise _NotAUnit(message) from None
        return self._node(tree)

    def _node(self, node: Any) -> Unit:
        if getattr(node, "type", None) == "ANNOTATION":
            return Unit(symbols=Counter({str(node): 1}), annotation=str(node))
        children = node.children
        match node.data, len(children):
            case "simple_unit", _:
                return self._simple_unit([str(child) for child in children], children[-1].type)
            case "annotatable", _:
                if _ends_in_number(children[0]):
                    raise _NotAUnit("has a number with an exponent; write powers of ten as 10*3")
                return self._node(children[0]).power(_exponent(children[1]))
            case "component", _:
                return self._node(children[0]).annotated(str(children[1]))
            case "term", _:
                left, right = self._node(children[0]), self._node(children[2])
                if children[1] == "/":
                    return left.times(right.power(-1))
                if _ends_in_number(children[0]) and _ends_in_number(children[2]):
                    message = f"has a decimal point, which UCUM reads as a multiplication; {PER_BODY_SURFACE}"
                    raise _NotAUnit(message)
                return left.times(right)
            case "main_term", 2:
                return self._node(children[1]).power(-1)
            case _:
                return self._node(children[0])

    def _simple_unit(self, parts: list[str], kind: str) -> Unit:
        if kind == "FACTOR":
            number = Fraction(int(parts[0]))
            return Unit(factor=number, scale=number)
        atom = self._atom(parts[-1])
        prefix = self._prefixes[parts[0]] if len(parts) > 1 else 1
        symbols = Counter({"".join(parts): 1})
        return Unit(atom.factor * prefix, atom.dimension, atom.zero, atom.special, symbols=symbols)

    def _atom(self, code: str) -> Unit:
        if code not in self._atoms:
            self._atoms[code] = self._define(code)
        return self._atoms[code]

    def _define(self, code: str) -> Unit:
        if code in self._base_units or code in _OWN_DIMENSION:
            return Unit(dimension=Counter({code: 1}))
        if code in _KELVIN:
            scale, zero = _KELVIN[code]
            return Unit(scale, Counter({"K": 1}), zero, special=True)
        definition = self._definitions[code]
        if definition.is_special:
            return Unit(dimension=Counter({code: 1}), special=True)
        if definition.is_arbitrary and definition.defining_unit == "1":
            return Unit(dimension=Counter({code: 1}))
        meaning = self.read(definition.defining_unit)
        return Unit(meaning.factor * Fraction(definition.conversion_factor), meaning.dimension)


def _exponent(text: str) -> int:
    exponent = int(text)
    if abs(exponent) > _LARGEST_EXPONENT:
        raise _NotAUnit("has an exponent that no measurement has")
    return exponent


def _ends_in_number(node: Any) -> bool:
    while getattr(node, "data", None) in ("term", "main_term"):
        node = node.children[-1]
    return getattr(node, "data", None) == "simple_unit" and node.children[-1].type == "FACTOR"


@lru_cache(maxsize=1)
def _ucum() -> _Ucum:
    return _Ucum()


@lru_cache(maxsize=_CACHED_UNITS)
def _read(unit: str) -> Unit | str:
    """Return the unit, or why it is none."""
    if unit in ("", "1"):
        return Unit()
    if unit in _MONTHS:
        symbol = "a" if _MONTHS[unit] == 12 else "mo"
        return Unit(Fraction(_MONTHS[unit]), Counter({"calendar month": 1}), symbols=Counter({symbol: 1}))
    try:
        return _ucum().read(_DEFINITE.get(unit, unit))
    except _NotAUnit as error:
        return f"{unit!r} {error}"


@dataclass(frozen=True, slots=True)
class _Conversion:
    """target = (value × numerator + shift) / denominator, in whole numbers so that nothing is rounded on the way."""

    numerator: Decimal
    denominator: Decimal
    shift: Decimal

    def scaled(self, value: Decimal) -> Decimal:
        return _EXACT.add(_EXACT.multiply(value, self.numerator), self.shift)


@lru_cache(maxsize=_CACHED_UNITS)
def _conversion(source: str, target: str) -> _Conversion | None:
    first, second = _read(source), _read(target)
    if isinstance(first, str) or isinstance(second, str) or not first.meets(second):
        return None
    ratio = first.factor / second.factor
    shift = (first.zero - second.zero) / second.factor
    denominator = ratio.denominator * shift.denominator
    return _Conversion(Decimal(int(ratio * denominator)), Decimal(denominator), Decimal(int(shift * denominator)))


def convert(value: Decimal, from_unit: str, to_unit: str) -> Decimal | None:
    """Return `value` expressed in `to_unit` to 28 digits, or None when the units are not commensurable or no units."""
    if from_unit == to_unit:
        return value
    conversion = _conversion(from_unit, to_unit)
    if conversion is None:
        return None
    return _RESULT.divide(conversion.scaled(value), conversion.denominator)


def compare(left: Decimal, left_unit: str, right: Decimal, right_unit: str) -> int | None:
    """Return -1, 0 or 1 as the left amount is less than, equal to or greater than the right; None if not comparable."""
    if left_unit == right_unit:
        return (left > right) - (left < right)
    conversion = _conversion(left_unit, right_unit)
    if conversion is None:
        return None
    first, second = conversion.scaled(left), _EXACT.multiply(right, conversion.denominator)
    return (first > second) - (first < second)


def commensurable(a: str, b: str) -> bool:
    """Return whether a value in one unit can be expressed in the other."""
    return a == b or _conversion(a, b) is not None


def finer(a: str, b: str) -> str:
    """Return the more granular of two commensurable units: `cm` of `cm` and `m`; the first if they are of one size."""
    first, second = _read(a), _read(b)
    if isinstance(first, str) or isinstance(second, str):
        return a
    return b if second.factor < first.factor else a


def is_special(unit: str) -> bool:
    """Return whether the unit has no true zero or is a logarithm (Cel, [pH], B), so that it is no factor (UCUM §21)."""
    read = _read(unit)
    return not isinstance(read, str) and read.special


def validate(unit: str) -> str | None:
    """Return why the text is no UCUM unit or CQL calendar unit, with what may be meant; None if it is one."""
    if not unit:
        return "the unit is empty; write '1' for a plain number"
    read = _read(unit)
    return read if isinstance(read, str) else None


@lru_cache(maxsize=_CACHED_UNITS)
def multiply(a: str, b: str) -> str | None:
    """Return the unit of a product: `cm` × `cm` is `cm2`; None when one of them is special or no unit."""
    if b in ("", "1"):
        return a or "1"
    return b if a in ("", "1") else _product(a, b, 1)


@lru_cache(maxsize=_CACHED_UNITS)
def divide(a: str, b: str) -> str | None:
    """Return the unit of a quotient: `mg` / `kg` is `mg/kg`, equal units give `1`; None when special or no unit."""
    if b in ("", "1"):
        return a or "1"
    if a == b and not is_special(a):
        return "1"
    return _product(a, b, -1)


def _product(a: str, b: str, exponent: int) -> str | None:
    first, second = _read(a), _read(b)
    if isinstance(first, str) or isinstance(second, str) or first.special or second.special:
        return None
    return str(first.times(second.power(exponent)))
