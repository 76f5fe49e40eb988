"""What a guideline reads of a patient: derived from the compiled logic and from what the authors declared.

A DataRequirement is one CQL Retrieve or one FHIR DataRequirement (https://hl7.org/fhir/R4/metadatatypes.html) with
its value set already expanded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cds.content.canonical import Canonical
from cds.errors import ContentError


class ValueSets(Protocol):
    """The expansions, as `cds.terminology` gives them."""

    def codes(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        """Give the codes of a value set by system, None where they cannot be listed."""
        ...

    def undecidable(self, url: str, version: str | None) -> str | None:
        """Say why membership cannot be decided, None when it can (a value set may be a pattern without a list)."""
        ...


class LocalCodes(Protocol):
    """The ConceptMaps read backwards: which codes of a site mean this one."""

    def sources(self, system: str, code: str) -> Iterable[tuple[str, str]]:
        """Give (system, code) of every code that is mapped to the given one."""
        ...


class CodeLike(Protocol):
    """A code of the logic: `cds.engine` codes have these attributes."""

    @property
    def system(self) -> str | None: ...  # noqa: D102

    @property
    def code(self) -> str: ...  # noqa: D102


class RetrieveLike(Protocol):
    """A Retrieve of the compiled logic: what `Engine.retrieves` gives."""

    @property
    def type(self) -> str: ...  # noqa: D102

    @property
    def code_path(self) -> str | None: ...  # noqa: D102

    @property
    def value_set(self) -> str | None: ...  # noqa: D102

    @property
    def codes(self) -> Sequence[CodeLike] | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequirement:
    """Resources of one type, all of the patient or those with a code of a value set.

    `codes` are (system, code); None means no code filter. `name` is what the filter is called: the id of the value
    set, or the first code.
    """

    type: str
    code_path: str | None = None
    value_set: str | None = None
    codes: frozenset[tuple[str, str]] | None = None
    name: str | None = None


def requirement_of_retrieve(
    retrieve: RetrieveLike, value_sets: ValueSets, local_codes: LocalCodes | None = None
) -> DataRequirement:
    """Turn a Retrieve of the compiled logic into a requirement. Raises ContentError for an unknown value set."""
    direct = [(code.system or "", code.code) for code in retrieve.codes or ()]
    return _requirement(retrieve.type, retrieve.code_path, retrieve.value_set, direct, value_sets, local_codes)


def requirement_of_element(
    element: Mapping[str, Any], value_sets: ValueSets, local_codes: LocalCodes | None = None
) -> DataRequirement:
    """Turn a FHIR DataRequirement (`action.input`, `Library.dataRequirement`) into a requirement.

    Only the first codeFilter narrows what is asked for; the logic applies the others itself.
    """
    if not isinstance(element.get("type"), str):
        raise ContentError("a DataRequirement has no type", path="DataRequirement.type")
    filters: list[Mapping[str, Any]] = element.get("codeFilter") or [{}]
    narrow = filters[0]
    direct = [(coding.get("system", ""), coding["code"]) for coding in narrow.get("code", []) if "code" in coding]
    return _requirement(element["type"], narrow.get("path"), narrow.get("valueSet"), direct, value_sets, local_codes)


def merge_requirements(requirements: Iterable[DataRequirement]) -> tuple[DataRequirement, ...]:
    """Drop what is asked for twice, or asked for with a filter where all resources of the type are needed anyway."""
    unique = list(dict.fromkeys(requirements))
    whole_types = {requirement.type for requirement in unique if requirement.codes is None}
    return tuple(item for item in unique if item.codes is None or item.type not in whole_types)


def retrieved_codes(requirements: Iterable[DataRequirement], resource_type: str) -> frozenset[tuple[str, str]] | None:
    """Give the codes of all resources of a type that the requirements are about; None: any of the type may be read."""
    asked = [one for one in requirements if one.type in (resource_type, "Resource", "DomainResource")]
    if not asked or any(one.code_path != "code" for one in asked):
        return None
    codes = [one.codes for one in asked if one.codes is not None]
    return frozenset().union(*codes) if len(codes) == len(asked) else None


def _requirement(
    resource_type: str,
    code_path: str | None,
    value_set: str | None,
    direct: list[tuple[str, str]],
    value_sets: ValueSets,
    local_codes: LocalCodes | None,
) -> DataRequirement:
    if value_set is None and not direct:
        return DataRequirement(type=resource_type)
    codes = set(direct)
    name = direct[0][1] if direct else None
    if value_set is not None:
        canonical = Canonical.parse(value_set)
        expansion = value_sets.codes(canonical.url, canonical.version)
        if expansion is None:
            reason = value_sets.undecidable(canonical.url, canonical.version)
            if reason is not None:
                msg = f"the value set {value_set} cannot be used: {reason}"
                raise ContentError(msg)
            return DataRequirement(type=resource_type)  # a pattern cannot be searched for: all of the type
        codes |= {(system, code) for system, members in expansion.items() for code in members}
        name = canonical.url.rstrip("/").rpartition("/")[2]
    if local_codes is not None:
        codes |= {source for system, code in tuple(codes) for source in local_codes.sources(system, code)}
    return DataRequirement(
        type=resource_type, code_path=code_path, value_set=value_set, codes=frozenset(codes), name=name
    )
