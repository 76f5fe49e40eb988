"""The text of a search, read into its parts (https://hl7.org/fhir/R4/search.html)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from cds.fhir.search_parameters import SearchParameter, search_parameters
from cds.sandbox.errors import SandboxRefusal

MAX_COUNT = 1000
_DEFAULT_COUNT = 200
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")
_RESULT_PARAMETERS = frozenset({"_sort", "_count", "_offset", "_summary", "_total", "_include", "_revinclude"})
_IGNORED_SILENTLY = frozenset({"_format", "_pretty"})
_MODIFIERS = {
    "token": frozenset({"", "not", "in", "not-in", "missing"}),
    "string": frozenset({"", "exact", "contains", "missing"}),
    "uri": frozenset({"", "missing"}),
    "date": frozenset({"", "missing"}),
    "quantity": frozenset({"", "missing"}),
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One `name:modifier=a,b` of a search: any of the values may match."""

    parameter: SearchParameter
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` or `_revinclude`: the type that holds the reference, its parameter, and the target type if given."""

    source: str
    parameter: SearchParameter
    target: str | None


@dataclass(slots=True)
class SearchQuery:
    """A search that has been understood; `applied` are the pairs that the self link shows, `ignored` the others."""

    resource_type: str
    criteria: list[Criterion] = field(default_factory=list)
    sort: list[tuple[SearchParameter, bool]] = field(default_factory=list)  # (parameter, descending)
    includes: list[Include] = field(default_factory=list)
    revincludes: list[Include] = field(default_factory=list)
    count: int = _DEFAULT_COUNT
    offset: int = 0
    count_only: bool = False
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def url(self, base_url: str, offset: int) -> str:
        """Give the address of a page of this search."""
        pairs = [pair for pair in self.applied if pair[0] != "_offset"]
        if offset:
            pairs.append(("_offset", str(offset)))
        address = f"{base_url}/{self.resource_type}"
        return f"{address}?{urlencode(pairs, safe='/:|,')}" if pairs else address


def parse_query(resource_type: str, query: str | Iterable[tuple[str, str]], *, strict: bool) -> SearchQuery:
    """Read the parameters of a type search. Raises SandboxRefusal 400; unknown names only when `strict`."""
    pairs = parse_qsl(query, keep_blank_values=True) if isinstance(query, str) else list(query)
    search = SearchQuery(resource_type)
    for name, text in pairs:
        if name in _IGNORED_SILENTLY:
            continue
        understood = text != "" and (_result_parameter(search, name, text) or _criterion(search, name, text))
        if understood:
            search.applied.append((name, text))
        elif strict:
            raise SandboxRefusal(400, "not-supported", f"the search parameter {name} is not supported here")
        else:
            search.ignored.append(name)
    return search


def split_values(text: str) -> tuple[str, ...]:
    """Split an OR list at its commas that are not escaped; empty members ask for nothing."""
    return tuple(value for value in _UNESCAPED_COMMA.split(text) if value)


def split_token(text: str) -> tuple[str | None, str]:
    """Split `system|code` at the first bar that is not escaped; a text without bar has no system (None)."""
    system, bar, code = _UNESCAPED_BAR.sub("\0", text, count=1).partition("\0")
    return (unescape(system), unescape(code)) if bar else (None, unescape(text))


def unescape(text: str) -> str:
    r"""Undo `\\,`, `\\|`, `\\$` and `\\\\` (https://hl7.org/fhir/R4/search.html#escaping)."""
    return re.sub(r"\\([\\,|$])", r"\1", text)


def _criterion(search: SearchQuery, name: str, text: str) -> bool:
    base, _, modifier = name.partition(":")
    parameter = search_parameters(search.resource_type).get(base)
    if parameter is None:
        return False
    allowed = _MODIFIERS.get(parameter.kind)
    # On a reference the modifier names the target type: subject:Patient=23
    if not (modifier in allowed if allowed else modifier in ("", "missing") or modifier[:1].isupper()):
        raise SandboxRefusal(400, "not-supported", f"the modifier of {base} is not supported here")
    values = split_values(text)
    if values:
        search.criteria.append(Criterion(parameter, modifier, values))
    return bool(values)


def _result_parameter(search: SearchQuery, name: str, text: str) -> bool:
    base = name.partition(":")[0]
    if base not in _RESULT_PARAMETERS:
        return False
    if base == "_sort":
        return _sort(search, text)
    if base in ("_count", "_offset"):
        if not text.isdecimal():
            raise SandboxRefusal(400, "value", f"{base} is not a number")
        setattr(search, base[1:], min(int(text), MAX_COUNT) if base == "_count" else int(text))
        search.count_only = search.count_only or (base == "_count" and search.count == 0)
    elif base == "_summary":
        if text not in ("count", "false"):
            return False
        search.count_only = text == "count"
    elif base == "_total":
        return text in ("none", "estimate", "accurate")
    else:
        include = _include(text)
        if include is None or (base == "_include" and include.source != search.resource_type):
            return False
        (search.includes if base == "_include" else search.revincludes).append(include)
    return True


def _sort(search: SearchQuery, text: str) -> bool:
    known = search_parameters(search.resource_type)
    keys = [(known.get(key.removeprefix("-")), key.startswith("-")) for key in text.split(",")]
    if any(parameter is None for parameter, _ in keys):
        return False
    search.sort = [(parameter, descending) for parameter, descending in keys if parameter is not None]
    return True


def _include(text: str) -> Include | None:
    source, _, rest = text.partition(":")
    name, _, target = rest.partition(":")
    parameter = search_parameters(source).get(name)
    if parameter is None or parameter.kind != "reference":
        return None
    return Include(source, parameter, target or None)
