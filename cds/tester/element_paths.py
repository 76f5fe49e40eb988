"""Elements of a resource by dotted JSON path: `valueQuantity.value`, `code.coding[0].code`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

_STEP = re.compile(r"([A-Za-z_]\w*)(?:\[(\d+)\])?")
MISSING = object()


def get_element(resource: Any, path: str) -> Any:
    """Return the element at the path, `MISSING` when there is none."""
    node = resource
    for key in _keys(path):
        if isinstance(key, int):
            if not isinstance(node, list) or key >= len(node):
                return MISSING
        elif not isinstance(node, dict) or key not in node:
            return MISSING
        node = node[key]
    return node


def set_element(resource: dict[str, Any], path: str, value: Any) -> None:
    """Set the element at the path, making what lies on the way; None removes it."""
    keys = _keys(path)
    node: Any = resource
    for key, following in pairwise(keys):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(key, int):
            if key == len(node):
                node.append(empty)
        else:
            node.setdefault(key, empty)
        node = node[key]
    last = keys[-1]
    if value is None:
        del node[last]
    elif isinstance(last, int) and last == len(node):
        node.append(value)
    else:
        node[last] = value


def _keys(path: str) -> list[str | int]:
    keys: list[str | int] = []
    for part in path.split("."):
        step = _STEP.fullmatch(part)
        if step is None:
            msg = f"`{path}` is not a path such as valueQuantity.value or code.coding[0].code"
            raise ValueError(msg)
        keys.append(step[1])
        if step[2] is not None:
            keys.append(int(step[2]))
    return keys
