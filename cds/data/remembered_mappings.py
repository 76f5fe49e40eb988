"""What the mappings answered before in one call: a patient's results say the same codes and units again and again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cds.data.normalise import Mappings


class RememberedMappings:
    """The mappings, each question asked once. Made for one call and dropped with it, as it holds a patient's codes."""

    def __init__(self, mappings: Mappings) -> None:
        self._mappings = mappings
        self._translations: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = {}
        self._conversions: dict[tuple[Collection[tuple[str, str]], str], tuple[str, Decimal] | None] = {}

    def translate(self, system: str, code: str) -> Sequence[Mapping[str, Any]]:
        """Give the Codings that mean the same in the systems of the guidelines."""
        key = (system, code)
        found = self._translations.get(key)
        if found is None:
            found = self._translations[key] = self._mappings.translate(system, code)
        return found

    def conversion(self, codes: tuple[tuple[str, str], ...], unit: str) -> tuple[str, Decimal] | None:
        """Give (canonical unit, factor) for a value with this unit of the concept with one of the (system, code)."""
        key = (codes, unit)
        try:
            return self._conversions[key]
        except KeyError:
            found = self._conversions[key] = self._mappings.conversion(codes, unit)
            return found
