"""What the mappings answered before: a patient's results say the same codes and units again and again."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from cds.fhir.quantities import unit_of

Codes = tuple[tuple[str, str], ...]
"""The (system, code) of a concept in the sender's order, which also decides between two concepts."""
Conversion = tuple[str, Decimal | None]
"""The canonical unit and the factor; without a factor only the spelling of the printed unit is not UCUM's."""
_ONE = Decimal(1)


class Mappings(Protocol):
    """What `fhir_mappings` says; the terminology package answers it."""

    @property
    def systems(self) -> Container[str]:
        """The systems of which any code is translated."""
        ...

    def translate(self, system: str, code: str) -> Sequence[Mapping[str, Any]]:
        """Give the Codings that mean the same in the systems of the guidelines; empty where nothing is mapped."""
        ...

    def conversion(self, codes: Codes, unit: str) -> tuple[str, Decimal] | None:
        """Give (canonical unit, factor) for a value with this unit of the concept with one of the (system, code).

        None where the unit is canonical already, or no factor is known.
        """
        ...


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


class Meaning(NamedTuple):
    """What the mappings say of a concept.

    `added` are the Codings that may be read beside its own, empty where nothing is mapped, and shared by all concepts
    with its codes; `conversions` say by the system, code and unit of a Quantity how that is to be changed, None where
    it stays as it is. `is_retrievable` says whether a retrieve can find what has this code.
    """

    added: Sequence[dict[str, Any]]
    conversions: Conversions
    is_retrievable: bool = True


class RememberedMappings(dict[Codes, Meaning]):
    """The mappings, each concept asked for once by its codes; without mappings nothing is mapped.

    `retrieved` are the codes that retrieves ask for, None when they may ask for any. Made for one call and dropped with
    it, as it holds a patient's codes.
    """

    def __init__(self, mappings: Mappings | None, retrieved: frozenset[tuple[str, str]] | None = None) -> None:
        super().__init__()
        self._mappings = mappings
        self._retrieved = retrieved

    def __missing__(self, codes: Codes) -> Meaning:
        added = self._added(codes)
        all_codes = (*codes, *((str(one.get("system", "")), one["code"]) for one in added if "code" in one))
        conversions = Conversions(self._mappings, all_codes)
        self[codes] = meaning = Meaning(added, conversions, self._is_retrievable(all_codes))
        return meaning

    def untranslated(self, codes: Codes) -> Meaning:
        """Say what is known of codes that do not stand in a list, to which none can be added."""
        return Meaning((), Conversions(self._mappings, codes))

    def _is_retrievable(self, codes: Codes) -> bool:
        """Say whether one of the codes is asked for; what has no code, or one of no system, is not judged."""
        if self._retrieved is None or not codes or not all(system for system, _ in codes):
            return True
        return not self._retrieved.isdisjoint(codes)

    def _added(self, codes: Codes) -> Sequence[dict[str, Any]]:
        if self._mappings is None:
            return ()
        known = list(codes)
        added: list[dict[str, Any]] = []
        for system, code in codes:
            for target in self._mappings.translate(system, code):
                key = (str(target.get("system", "")), str(target.get("code", "")))
                if key not in known:
                    known.append(key)
                    added.append(dict(target))
        return added
