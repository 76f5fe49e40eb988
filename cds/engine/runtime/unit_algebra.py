"""What a unit means and how it is written, under multiplication and powers.

Two views are carried along: the meaning (an exact factor over base units) decides what converts; the symbols decide how
the unit of a product is written, so that mg/dL times dL is mg and nothing is turned into kilograms on the way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(slots=True)
class Unit:
    """`factor` × base units, from the zero point `zero` (kelvin) on; written as `scale` × `symbols`."""

    factor: Fraction = Fraction(1)
    dimension: Counter[str] = field(default_factory=Counter)
    zero: Fraction = Fraction(0)
    special: bool = False  # no true zero, or a logarithm: no part of a product (UCUM §21)
    scale: Fraction = Fraction(1)
    symbols: Counter[str] = field(default_factory=Counter)
    annotation: str | None = None  # set when the unit is nothing but this annotation

    def power(self, exponent: int) -> Unit:
        """Return the unit to a power; an offset zero point has no meaning there and is dropped."""
        return Unit(
            self.factor**exponent,
            Counter({base: count * exponent for base, count in self.dimension.items()}),
            special=self.special,
            scale=self.scale**exponent,
            symbols=Counter({symbol: count * exponent for symbol, count in self.symbols.items()}),
        )

    def times(self, other: Unit) -> Unit:
        """Return the product."""
        product = self.power(1)
        product.factor *= other.factor
        product.special = self.special or other.special
        product.scale *= other.scale
        # Counter.update adds and keeps zero counts: a mole that cancels out must stay visible (see `meets`).
        product.dimension.update(other.dimension)
        product.symbols.update(other.symbols)
        return product

    def annotated(self, annotation: str) -> Unit:
        """Return the unit with an annotation, which belongs to the way it is written and not to its meaning."""
        symbols = self.symbols
        if len(symbols) == 1:
            ((symbol, exponent),) = symbols.items()
            symbols = Counter({f"{symbol}{annotation}": exponent})
        return Unit(self.factor, self.dimension, self.zero, self.special, self.scale, symbols, self.annotation)

    def meets(self, other: Unit) -> bool:
        """Return whether values in the two units can be expressed in each other."""
        if self.annotation and other.annotation and self.annotation != other.annotation:
            return False
        if any(unit.special and (unit.scale != 1 or list(unit.symbols.values()) != [1]) for unit in (self, other)):
            return False  # 5.Cel: nobody can say where its zero lies
        return self._dimension() == other._dimension()

    def _dimension(self) -> dict[str, int]:
        dimension = {base: count for base, count in self.dimension.items() if count}
        if self.dimension.get("mol") == 0:
            dimension["mol/mol"] = 1
        return dimension

    def __str__(self) -> str:
        above = [_written(symbol, count) for symbol, count in self.symbols.items() if count > 0]
        below = [_written(symbol, -count) for symbol, count in self.symbols.items() if count < 0]
        if self.scale.numerator != 1:
            above.insert(0, str(self.scale.numerator))
        if self.scale.denominator != 1:
            below.insert(0, str(self.scale.denominator))
        return ".".join(above) + "".join(f"/{part}" for part in below) or "1"


def _written(symbol: str, exponent: int) -> str:
    atom, brace, annotation = symbol.partition("{")
    if exponent == 1 or not atom:
        return symbol  # a bare annotation has no power
    return f"{atom}{exponent}{brace}{annotation}"
