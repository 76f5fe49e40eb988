"""Random damage to JSON documents and to FHIRPath text."""

from __future__ import annotations

import random
from typing import Any

from cds.fhir.json import copied

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    -0.0,
    "",
    " ",
    "\u0000",
    "é\u202e\U0001f600",
    "9999-12-31T23:59:59.999+14:00",
    "0000-00-00",
    "2026-02-30",
    "T25",
    "1e999999",
    [],
    {},
    [None],
    [[[]]],
    {"resourceType": "Observation"},
    {"value": None},
    {"type": "Null"},
    "x" * 5000,
)
ELM_TYPES = (
    "Add", "And", "As", "Before", "Case", "Coalesce", "Collapse", "CalculateAgeAt", "Date", "DateTime", "Distinct",
    "DurationBetween", "End", "Equal", "Exists", "Expand", "ExpressionRef", "First", "Flatten", "ForEach",
    "FunctionRef", "If", "In", "InValueSet", "IncludedIn", "Indexer", "Interval", "Is", "Last", "Less", "List",
    "Literal", "Max", "Message", "Negate", "Not", "Null", "OperandRef", "Or", "ParameterRef", "Power", "Property",
    "Quantity", "Query", "Retrieve", "Round", "SameOrBefore", "SingletonFrom", "Slice", "Sort", "Start", "Subtract",
    "Sum", "ToConcept", "ToDateTime", "ToQuantity", "Tuple", "Union", "Unknown", "ValueSetRef", "Width",
)  # fmt: skip
PATH_PIECES = (
    "(", ")", "[", "]", "{", "}", ".", ",", "'", '"', "`", "\\", "%", "@", "@T", "|", "&", "+", "-", "*", "/", "=",
    "!=", "~", "!~", "<", ">", "<=", ">=", " and ", " or ", " xor ", " implies ", " is ", " as ", " in ",
    " contains ", " div ", " mod ", "$this", "$index", "$total", "%resource", "true", "{}", "1", "1.5", "1 'mg'",
    "9999999999999999999999", "@2026-02-29", "@T24:00", "'\\u12'", ".where(", ".select($this)", ".repeat($this)",
    ".aggregate($total + 1, 0)", ".sort(-$this)", ".ofType(Quantity)", ".value", ".code", ".matches('(a+)+$')",
    ".replaceMatches('', '')", ".first()", ".resolve()", ".memberOf('x')", ".children()", ".descendants()",
    ".toQuantity('mg')", ".lowBoundary(99)", ".power(9999)", "/* ", "// ", "\n", "\ud7ff", "İ", ".round(-1)",
    ".substring(-1)", ".indexOf('')", ".toDateTime()", ".combine(", ".iif(",
)  # fmt: skip
DEEP = 20_000


def places(document: Any) -> list[tuple[Any, Any]]:
    """List every (container, key) of a JSON document."""
    found: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        current = stack.pop()
        keys = list(current) if isinstance(current, dict) else range(len(current)) if isinstance(current, list) else ()
        for key in keys:
            found.append((current, key))
            stack.append(current[key])
    return found


def mutate_json(document: Any, dice: random.Random, *, elm: bool) -> Any:
    """Give a damaged copy: one to four of delete, replace, move, copy, rename, retype."""
    damaged = copied(document)
    for _ in range(dice.randint(1, 4)):
        candidates = places(damaged)
        if not candidates:
            break
        container, key = dice.choice(candidates)
        _damage(container, key, candidates, dice, elm=elm)
    return damaged


def _damage(container: Any, key: Any, candidates: list[tuple[Any, Any]], dice: random.Random, *, elm: bool) -> None:
    match dice.randrange(7 if elm else 5):
        case 0:
            del container[key]
        case 1:
            container[key] = copied(dice.choice(ODD_VALUES))
        case 2:
            other, other_key = dice.choice(candidates)
            container[key] = copied(other[other_key])
        case 3 if isinstance(container, dict):
            container[str(dice.choice(("value", "code", "type", "_value", "x", key)))] = container.pop(key)
        case 4:
            container[key] = [copied(container[key])] * dice.randint(0, 3)
        case 5 if isinstance(container[key], dict) and "type" in container[key]:
            container[key]["type"] = dice.choice(ELM_TYPES)
        case _:
            types = [(c, k) for c, k in candidates if k == "type" and isinstance(c[k], str)]
            if types:
                chosen, type_key = dice.choice(types)
                chosen[type_key] = dice.choice(ELM_TYPES)


def mutate_text(text: str, dice: random.Random) -> str:
    """Give damaged FHIRPath: pieces inserted, cut, doubled or exchanged; now and then nested beyond any recursion."""
    if dice.randrange(500) == 0:
        return dice.choice(
            ("(" * DEEP + text, "(" * DEEP + text + ")" * DEEP, text + ".first()" * DEEP, "-" * DEEP + "1")
        )
    for _ in range(dice.randint(1, 4)):
        start = dice.randint(0, len(text))
        end = min(len(text), start + dice.randint(0, 8))
        match dice.randrange(4):
            case 0:
                text = text[:start] + dice.choice(PATH_PIECES) + text[start:]
            case 1:
                text = text[:start] + text[end:]
            case 2:
                text = text[:start] + text[start:end] + text[start:]
            case _:
                text = text[:start] + dice.choice(PATH_PIECES) + text[end:]
    return text
