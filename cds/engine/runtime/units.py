"""UCUM: may one unit be turned into another, by what factor, and is it a unit at all.

The grammar and the table of units are ucumvert's; the arithmetic is ours and exact (fractions), because a unit library
takes arbitrary units such as `[iU]` for plain numbers and leaves binary dust in the factors. What we hold apart although
UCUM's table would let it pass, and CQL allows us to (conversion is optional, null is the answer for "cannot compare"):

- an arbitrary unit (`[iU]`, `[arb'U]`, `[CFU]` ...) and a microscope's field (`[HPF]`, `[LPF]`) convert only to themselves;
- the mole is a dimension of its own, not 6.02e23, so `mmol/L` never meets `/L`; and `mmol/mol` never meets `%`
  (HbA1c: 48 mmol/mol is 6.5 %, not 4.8 %);
- two different annotations (`{score}`, `{points}`) never meet; each meets the plain `1`.

Calendar units of CQL: week and below are UCUM's; year and month are calendar months and meet no definite duration.
https://ucum.org/ucum and https://cql.hl7.org/09-b-cqlreference.html#equal
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_RESULT = Context(prec=28, rounding=ROUND_HALF_EVEN)
_LONGEST_UNIT = 100
_CACHED_UNITS = 4096

_DEFINITE = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
_DEFINITE |= {f"{name}s": code for name, code in _DEFINITE.items()}
_MONTHS = {"year": 12, "years": 12, "month": 1, "months": 1}
_UCUM_OF_CALENDAR = {"year": "a", "years": "a", "month": "mo", "months": "mo", **_DEFINITE}
CALENDAR_UNITS = frozenset(_UCUM_OF_CALENDAR)

_OWN_DIMENSION = frozenset({"mol", "[HPF]", "[LPF]"})
_KELVIN_OF = {  # special units on an interval scale: kelvin = value × scale + zero point
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "[degRe]": (Fraction(5, 4), Fraction("273.15")),
}
_MISSPELT = {
    "IU": "[iU]",
    "mIU": "m[iU]",
    "uIU": "u[iU]",
    "kIU": "k[iU]",
    "mcg": "ug",
    "µg": "ug",
    "μg": "ug",
    "µmol": "umol",
    "μmol": "umol",
    "µL": "uL",
    "mEq": "meq",
    "mmHg": "mm[Hg]",
    "cmH2O": "cm[H2O]",
    "°C": "Cel",
    "°F": "[degF]",
    "degC": "Cel",
    "lbs": "[lb_av]",
    "lb": "[lb_av]",
    "oz": "[oz_av]",
    "in": "[in_i]",
    "inch": "[in_i]",
    "ft": "[ft_i]",
    "cc": "mL",
    "hr": "h",
    "hrs": "h",
    "sec": "s",
    "mins": "min",
    "yr": "a",
    "wks": "wk",
    "ppm": "[ppm]",
    "pH": "[pH]",
}


class _InvalidUnit(ValueError):
    """The text is not a unit; the message says why and what may be meant."""


@dataclass(slots=True)
class _Unit:
    """What a unit means: `factor` × base units, and how it is written: `scale` × its own symbols."""

    factor: Fraction = Fraction(1)
    dimension: Counter[str] = field(default_factory=Counter)
    zero: Fraction = Fraction(0)
    special: bool = False
    scale: Fraction = Fraction(1)
    symbols: Counter[str] = field(default_factory=Counter)
    annotation: str | None = None  # set when the unit is nothing but this annotation

    def power(self, exponent: int) -> _Unit:
        return _Unit(
            self.factor**exponent,
            Counter({base: count * exponent for base, count in self.dimension.items()}),
            special=self.special,
            scale=self.scale**exponent,
            symbols=Counter({symbol: count * exponent for symbol, count in self.symbols.items()}),
        )

    def times(self, other: _Unit) -> _Unit:
        # Counter.update keeps zero counts: a mole that cancels out must stay visible.
        product = self.power(1)
        product.factor *= other.factor
        product.dimension.update(other.dimension)
        product.special = self.special or other.special
        product.scale *= other.scale
        product.symbols.update(other.symbols)
        return product


class _Ucum:
    """ucumvert's parser and table, loaded once and only when a unit has to be read (about 0.2 s)."""

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
        self._atoms: dict[str, _Unit] = {}

    def read(self, text: str) -> _Unit:
        from lark.exceptions import UnexpectedInput

        if len(text) > _LONGEST_UNIT:
            raise _InvalidUnit("is too long for a unit")
        try:
            with self._parsing:
                tree = self._parser.parse(text)
        except UnexpectedInput as error:
            position = getattr(error, "pos_in_stream", None)
            found = repr(text[position]) if position is not None and 0 <= position < len(text) else "its end"
            message = f"is not a UCUM unit (cannot read on at {found}){_hint(text)}"
            raise _InvalidUnit(message) from None
        return self._node(tree)

    def _node(self, node: Any) -> _Unit:
        if getattr(node, "type", None) == "ANNOTATION":
            return _Unit(symbols=Counter({str(node): 1}), annotation=str(node))
        children = node.children
        match node.data, len(children):
            case "simple_unit", _:
                return self._simple_unit([str(child) for child in children], children[-1].type)
            case "annotatable", _:
                return self._node(children[0]).power(int(children[1]))
            case "component", _:
                return _annotated(self._node(children[0]), str(children[1]))
            case "term", _:
                left, right = self._node(children[0]), self._node(children[2])
                if children[1] == "." and _is_number(children[0]) and _is_number(children[2]):
                    raise _InvalidUnit("has a decimal point, which UCUM reads as a multiplication" + _HINT_PER_AREA)
                return left.times(right if children[1] == "." else right.power(-1))
            case "main_term", 2:
                return self._node(children[1]).power(-1)
            case _:
                return self._node(children[0])

    def _simple_unit(self, parts: list[str], kind: str) -> _Unit:
        if kind == "FACTOR":
            number = Fraction(int(parts[0]))
            return _Unit(factor=number, scale=number)
        atom = self._atom(parts[-1])
        prefix = self._prefixes[parts[0]] if len(parts) > 1 else Fraction(1)
        return _Unit(
            atom.factor * prefix, atom.dimension, atom.zero, atom.special, symbols=Counter({"".join(parts): 1})
        )

    def _atom(self, code: str) -> _Unit:
        if code not in self._atoms:
            self._atoms[code] = self._define(code)
        return self._atoms[code]

    def _define(self, code: str) -> _Unit:
        if code in self._base_units or code in _OWN_DIMENSION:
            return _Unit(dimension=Counter({code: 1}))
        definition = self._definitions[code]
        if code in _KELVIN_OF:
            scale, zero = _KELVIN_OF[code]
            return _Unit(scale, Counter({"K": 1}), zero, special=True)
        if definition.is_special:
            return _Unit(dimension=Counter({code: 1}), special=True)
        if definition.is_arbitrary and definition.defining_unit == "1":
            return _Unit(dimension=Counter({code: 1}))
        meaning = self.read(definition.defining_unit)
        meaning.factor *= Fraction(definition.conversion_factor)
        return meaning


_HINT_PER_AREA = "; for a value per 1.73 square metres write the annotation: mL/min/{1.73_m2}"


def _is_number(node: Any) -> bool:
    """Whether the last thing written in this part of the unit is a bare number."""
    while getattr(node, "data", None) in ("term", "main_term"):
        node = node.children[-1]
    return getattr(node, "data", None) == "simple_unit" and node.children[-1].type == "FACTOR"


def _annotated(unit: _Unit, annotation: str) -> _Unit:
    if len(unit.symbols) == 1:
        ((symbol, exponent),) = unit.symbols.items()
        unit.symbols = Counter({f"{symbol}{annotation}": exponent})
    return unit


def _hint(text: str) -> str:
    if "1.73" in text:
        return _HINT_PER_AREA
    for part in text.replace(".", "/").split("/"):
        if part in _MISSPELT:
            return f"; for {part} write {_MISSPELT[part]}"
    if "10^" in text or text.lower().startswith(("x10", "10e")):
        return "; write powers of ten as 10*9"
    return "; unit names and remarks belong in braces, as {score}" if text.isalpha() else ""


@lru_cache(maxsize=1)
def _ucum() -> _Ucum:
    return _Ucum()


@lru_cache(maxsize=_CACHED_UNITS)
def _read(unit: str) -> _Unit | str:
    """Return the unit, or why it is none."""
    if unit in ("", "1"):
        return _Unit()
    if unit in _MONTHS:
        symbol = Counter({_UCUM_OF_CALENDAR[unit]: 1})
        return _Unit(Fraction(_MONTHS[unit]), Counter({"calendar month": 1}), symbols=symbol)
    try:
        return _ucum().read(_DEFINITE.get(unit, unit))
    except _InvalidUnit as error:
        return f"{unit!r} {error}"


def _same_dimension(first: _Unit, second: _Unit) -> bool:
    if first.annotation and second.annotation and first.annotation != second.annotation:
        return False
    compound = len(first.symbols) > 1, len(second.symbols) > 1
    if (first.special and compound[0]) or (second.special and compound[1]):
        return False  # a special unit is no factor of a product (UCUM §21)
    return _dimension(first.dimension) == _dimension(second.dimension)


def _dimension(counts: Mapping[str, int]) -> dict[str, int]:
    dimension = {base: count for base, count in counts.items() if count}
    if counts.get("mol") == 0:
        dimension["mol/mol"] = 1
    return dimension


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
    if isinstance(first, str) or isinstance(second, str) or not _same_dimension(first, second):
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
    """Return -1, 0 or 1 as the left amount is less than, equal to or greater than the right; None when not comparable."""
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
    """Return whether the unit has no true zero, or is a logarithm: no arithmetic on it (UCUM §21: Cel, [pH], B)."""
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
    if a in ("", "1"):
        return b
    return _product(a, b, 1)


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
    product = first.times(second.power(exponent))
    above = [_written(symbol, count) for symbol, count in product.symbols.items() if count > 0]
    below = [_written(symbol, -count) for symbol, count in product.symbols.items() if count < 0]
    if product.scale.numerator != 1:
        above.insert(0, str(product.scale.numerator))
    if product.scale.denominator != 1:
        below.insert(0, str(product.scale.denominator))
    return ".".join(above) + "".join(f"/{part}" for part in below) or "1"


def _written(symbol: str, exponent: int) -> str:
    if exponent == 1:
        return symbol
    atom, brace, annotation = symbol.partition("{")
    return f"{atom}{exponent}{brace}{annotation}"
