"""What is worked out of a piece of content once, and kept as long as the content is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

_Content = TypeVar("_Content")
_T = TypeVar("_T")


def prepared_once(prepare: Callable[[_Content], _T]) -> Callable[[_Content], _T]:
    """Let what `prepare` makes of an Artifact or a Guideline be kept with it; it goes when new content takes its place.

    What is made must not refer to the Artifact or Guideline itself, or it would keep it for ever.
    """
    known: WeakKeyDictionary[_Content, _T] = WeakKeyDictionary()

    @wraps(prepare)
    def prepared(content: _Content) -> _T:
        made = known.get(content)
        if made is None:
            made = known[content] = prepare(content)
        return made

    return prepared
