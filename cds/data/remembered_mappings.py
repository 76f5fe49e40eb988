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

    Made for one call and dropped with it, as it holds a patient's codes.
    """

    def __init__(self, mappings: Mappings | None) -> None:
        self._mappings = mappings
        self._added: dict[Codes, Sequence[dict[str, Any]]] = {}
        self._conversions: dict[tuple[Codes, object, object, object], Conversion | None] = {}

    def added(self, codes: Codes) -> Sequence[dict[str, Any]]:
        """Give the Codings that may be read for a concept beside its own; empty where nothing is mapped."""
        found = self._added.get(codes)
        if found is None:
            found = self._added[codes] = self._add(codes)
        return found

    def conversion(self, codes: Codes, system: object, code: object, unit: object) -> Conversion | None:
        """Say how a Quantity with this system, code and unit is to be changed; None where it stays as it is."""
        key = (codes, system, code, unit)
        try:
            return self._conversions[key]
        except KeyError:
            found = self._conversions[key] = self._convert(codes, system, code, unit)
            return found
        except TypeError:  # a member that should be text is a list or an object
            return self._convert(codes, system, code, unit)

    def _convert(self, codes: Codes, system: object, code: object, unit: object) -> Conversion | None:
        ucum = unit_of({"system": system, "code": code, "unit": unit})
        if ucum is None:
            return None
        # The unit as it was written comes first: the tables know spellings that are not UCUM.
        written = str(code or unit)
        conversion = None
        if self._mappings is not None:
            conversion = self._mappings.conversion(codes, written)
            if conversion is None and ucum != written:
                conversion = self._mappings.conversion(codes, ucum)
        if conversion is None or conversion == (written, _ONE):
            return None if code or unit == ucum else (ucum, None)
        return conversion

    def _add(self, codes: Codes) -> list[dict[str, Any]]:
        known = list(codes)
        added: list[dict[str, Any]] = []
        if self._mappings is None:
            return added
        for system, code in codes:
            for target in self._mappings.translate(system, code):
                key = (str(target.get("system", "")), str(target.get("code", "")))
                if key not in known:
                    known.append(key)
                    added.append(dict(target))
        return added
