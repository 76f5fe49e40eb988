"""Recursion without Python's recursion limit.

A walk over an expression tree is written as a generator that yields the walks it needs and is sent their results:

    def lower(node):
        operand = yield lower(node["operand"])
        return negate(operand)

`run(lower(root))` keeps the pending walks on a list, so an expression may be nested as deeply as memory allows.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

T = TypeVar("T")
Deep = Generator[Any, Any, T]
"""A walk that returns T: it yields other walks and receives what they return."""


def run(walk: Deep[T]) -> T:
    """Drive a walk to its end and return its result; an error in a walk is thrown into the one that asked for it."""
    pending: list[Generator[Any, Any, Any]] = [walk]
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            if error is None:
                child = pending[-1].send(result)
            else:
                thrown, error = error, None
                child = pending[-1].throw(thrown)
        except StopIteration as stop:
            pending.pop()
            result = stop.value
            if not pending:
                final: T = result
                return final
        except Exception as raised:
            pending.pop()
            if not pending:
                raise
            error = raised
        else:
            pending.append(child)
            result = None
