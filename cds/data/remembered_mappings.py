"""What the mappings answered before: a patient's results say the same codes and units again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from cds.fhir.quantities import unit_of

Codes = tuple[tuple[str, str], ...]
"""The (system, code) of a concept in the sender's order, which also decides between two concepts."""
Conversion = tuple[str, Decimal | None]
"""The canonical unit and the factor; without a factor only the spelling of the printed unit is not UCUM's."""
_ONE = Decimal(1)


class Mappings(Protocol):
    """What `fhir_mappings` says; the terminology package answers it."""

    def translate(self, system: str, code: str) -> Sequence[Mapping[str, Any]]:
        """Give the Codings that mean the same in the systems of the guidelines; empty where nothing is mapped."""
        ...

    def conversion(self, codes: Codes, unit: str) -> tuple[str, Decimal] | None:
        """Give (canonical unit, factor) for a value with this unit of the concept with one of the (system, code).

        None where the unit is canonical already, or no factor is known.
        """
        ...


class RememberedMappings:
    """The mappings, each question asked once; without mappings nothing is mapped.

    `added` holds by the codes of a concept the Codings that may be read beside its own, empty where nothing is mapped;
    `conversions` by the codes, and then by the system, code and unit of a Quantity, how that is to be changed, None
    where it stays as it is. Made for one call and dropped with it, as it holds a patient's codes.
    """

    def __init__(self, mappings: Mappings | None) -> None:
        self.added = _Added(mappings)
        self.conversions = _ConversionsByCodes(mappings)


class _Added(dict[Codes, Sequence[Mapping[str, Any]]]):
    def __init__(self, mappings: Mappings | None) -> None:
        super().__init__()
        self._mappings = mappings

    def __missing__(self, codes: Codes) -> Sequence[Mapping[str, Any]]:
        known = list(codes)
        added: list[Mapping[str, Any]] = []
        self[codes] = added
        if self._mappings is None:
            return added
        for system, code in codes:
            for target in self._mappings.translate(system, code):
                key = (str(target.get("system", "")), str(target.get("code", "")))
                if key not in known:
                    known.append(key)
                    added.append(target)
        return added


class Conversions(dict[tuple[object, object, object], Conversion | None]):
    """How a Quantity of one concept is to be changed, by its system, code and unit."""

    def __init__(self, mappings: Mappings | None, codes: Codes) -> None:
        super().__init__()
        self._mappings = mappings
        self._codes = codes

    def __missing__(self, key: tuple[object, object, object]) -> Conversion | None:
        found = self[key] = self.find(*key)
        return found

    def find(self, system: object, code: object, unit: object) -> Conversion | None:
        """Ask the mappings, and remember nothing."""
        ucum = unit_of({"system": system, "code": code, "unit": unit})
        if ucum is None:
            return None
        # The unit as it was written comes first: the tables know spellings that are not UCUM.
        written = str(code or unit)
        conversion = None
        if self._mappings is not None:
            conversion = self._mappings.conversion(self._codes, written)
            if conversion is None and ucum != written:
                conversion = self._mappings.conversion(self._codes, ucum)
        if conversion is None or conversion == (written, _ONE):
            return None if code or unit == ucum else (ucum, None)
        return conversion


class _ConversionsByCodes(dict[Codes, Conversions]):
    def __init__(self, mappings: Mappings | None) -> None:
        super().__init__()
        self._mappings = mappings

    def __missing__(self, codes: Codes) -> Conversions:
        self[codes] = conversions = Conversions(self._mappings, codes)
        return conversions
