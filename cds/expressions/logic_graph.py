"""Which definitions and functions of compiled CQL use which, and what a definition can turn out to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

Kind = Literal["definition", "function"]
_READS_THE_WORLD = frozenset({"Retrieve", "ParameterRef", "Today", "Now", "TimeOfDay"})
_NEVER_NULL = frozenset(
    {"Literal", "Quantity", "List", "Tuple", "Instance", "Retrieve", "Count", "Exists"}
    | {"Is", "IsNull", "IsTrue", "IsFalse", "Today", "Now"}
)
_NULL_ONLY_WITH_AN_OPERAND = frozenset(
    {
        "Not",
        "And",
        "Or",
        "Xor",
        "Equal",
        "NotEqual",
        "Equivalent",
        "Concatenate",
        "Combine",
        "Add",
        "Subtract",
        "Multiply",
        "Negate",
    }
    | {"In", "Distinct", "Flatten", "Union", "Except", "Intersect"}
    | {"Less", "LessOrEqual", "Greater", "GreaterOrEqual", "ToDecimal", "ToString", "ToConcept", "Upper", "Lower"}
)


class Unit(NamedTuple):
    """A definition, or all overloads of a function, of a library."""

    kind: Kind
    library: str
    name: str


class LogicGraph:
    """The definitions and functions of some ELM libraries ({"library": …} by name), with what each of them uses."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self.statements: dict[Unit, list[Mapping[str, Any]]] = {}
        self._aliases = {name: _aliases(document) for name, document in documents.items()}
        for name, document in documents.items():
            for statement in document["library"].get("statements", {}).get("def", ()):
                unit = Unit(kind_of_statement(statement), name, statement["name"])
                self.statements.setdefault(unit, []).append(statement)
        self._uses = {unit: frozenset(self._references(unit)) for unit in self.statements}
        self._users: dict[Unit, set[Unit]] = {}
        for user, used in self._uses.items():
            for one in used:
                self._users.setdefault(one, set()).add(user)
        self.is_constant = cache(self._is_constant)
        self.never_null = cache(self._never_null)

    def uses(self, unit: Unit) -> frozenset[Unit]:
        """Return what a definition or function names itself."""
        return self._uses.get(unit, frozenset())

    def reachable(self, units: Iterable[Unit]) -> list[Unit]:
        """Return the units with everything that they use, each once, users first."""
        found = dict.fromkeys(units)
        pending = list(found)
        for unit in pending:
            fresh = [used for used in sorted(self.uses(unit)) if used not in found]
            found.update(dict.fromkeys(fresh))
            pending += fresh
        return list(found)

    def carriers(self, unit: Unit) -> frozenset[Unit]:
        """Return the definitions whose values change first when this unit is changed.

        For a definition that is itself; for a function the definitions that call it, directly or through functions.
        """
        if unit.kind == "definition":
            return frozenset({unit})
        changed, found = {unit}, set()
        pending = [unit]
        for current in pending:
            for user, used in self._uses.items():
                if current in used and user not in changed:
                    changed.add(user)
                    if user.kind == "function":
                        pending.append(user)
                    else:
                        found.add(user)
        return frozenset(found)

    def dependents(self, unit: Unit) -> frozenset[Unit]:
        """Return everything whose value can change when this unit is changed, itself included."""
        found = {unit}
        pending = [unit]
        for current in pending:
            fresh = self._users.get(current, set()) - found
            found |= fresh
            pending += fresh
        return frozenset(found)

    def needed(self, unit: Unit, result_type: str | None, *, is_condition: bool = False) -> tuple[str, ...]:
        """Return what cases should see a definition be: both truth values, an empty list and a full one, null ….

        A condition of the plan should be seen unknown too: that is where a patient gets no card and nobody notices.
        """
        if self.is_constant(unit):
            return ("evaluated",)
        if result_type == "System.Boolean":
            may_be_null = is_condition and not self.never_null(unit)
            return ("true", "false", "null") if may_be_null else ("true", "false")
        if result_type is not None and result_type.startswith("List<"):
            statements = self.statements[unit]
            return ("some",) if all(_has_element(one.get("expression")) for one in statements) else ("some", "none")
        return ("value",) if self.never_null(unit) else ("value", "null")

    def _references(self, unit: Unit) -> Iterator[Unit]:
        for node in nodes(self.statements[unit]):
            if node.get("type") in ("ExpressionRef", "FunctionRef"):
                referred = self.referred(unit.library, node)
                if referred in self.statements:
                    yield referred

    def referred(self, library: str, node: Mapping[str, Any]) -> Unit:
        """Return what an ExpressionRef or FunctionRef in a library names."""
        alias = node.get("libraryName")
        owner = library if alias is None else self._aliases[library].get(alias, alias)
        return Unit("function" if node["type"] == "FunctionRef" else "definition", owner, node["name"])

    def _is_constant(self, unit: Unit) -> bool:
        reached = [statement for one in self.reachable([unit]) for statement in self.statements[one]]
        return not any(node.get("type") in _READS_THE_WORLD for node in nodes(reached))

    def _never_null(self, unit: Unit) -> bool:
        statements = self.statements.get(unit, [])
        return bool(statements) and all(
            self._has_value(statement.get("expression"), unit.library) for statement in statements
        )

    def _has_value(self, node: Any, library: str) -> bool:
        """Tell whether an expression can be seen to have a value whatever the data are."""
        if not isinstance(node, Mapping):
            return False
        kind, operands = node.get("type"), node.get("operand", ())
        operands = operands if isinstance(operands, list) else [operands]
        if kind in _NEVER_NULL:
            return True
        if kind == "Interval":
            return self._has_value(node.get("low"), library) and self._has_value(node.get("high"), library)
        if kind == "Query":  # of one element it may return null, and an aggregate may
            makes_list = (
                node.get("resultTypeSpecifier", {}).get("type") == "ListTypeSpecifier" and "aggregate" not in node
            )
            return makes_list and all(
                self._has_value(source.get("expression"), library) for source in node.get("source", ())
            )
        if kind == "Coalesce":
            return any(self._has_value(operand, library) for operand in operands)
        if kind in ("Equal", "NotEqual") and not any(_is_literal(operand) for operand in operands):
            return False  # lists, tuples and imprecise dates can be neither equal nor unequal
        if kind in _NULL_ONLY_WITH_AN_OPERAND:
            return all(self._has_value(operand, library) for operand in operands)
        if kind == "If":
            return self._has_value(node["then"], library) and self._has_value(node["else"], library)
        if kind == "Case":
            branches = [*(item["then"] for item in node.get("caseItem", ())), node.get("else")]
            return all(self._has_value(branch, library) for branch in branches)
        if kind in ("ExpressionRef", "FunctionRef"):
            return self.never_null(self.referred(library, node))
        return False


def _is_literal(node: Any) -> bool:
    return isinstance(node, Mapping) and node.get("type") == "Literal"


def _has_element(node: Any) -> bool:
    """Tell whether an expression is a list that can be seen to have an element whatever the data are."""
    match node:
        case {"type": "List", "element": [_, *_]}:
            return True
        case {"type": "If", "then": then, "else": other}:
            return _has_element(then) and _has_element(other)
        case {"type": "Case", "caseItem": items, "else": other}:
            return all(_has_element(branch) for branch in (*(item["then"] for item in items), other))
        case _:
            return False


def kind_of_statement(statement: Mapping[str, Any]) -> Kind:
    """Tell whether a statement of a library defines a function or an expression."""
    return "function" if statement.get("type") == "FunctionDef" else "definition"


def nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every ELM node below a value, without the annotations, which are text."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            yield current
            pending += [member for name, member in current.items() if name != "annotation"]
        elif isinstance(current, list):
            pending += current


def _aliases(document: Mapping[str, Any]) -> dict[str, str]:
    includes = document["library"].get("includes", {}).get("def", ())
    return {include["localIdentifier"]: include["path"].rpartition("/")[2] for include in includes}
