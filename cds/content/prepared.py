"""What is worked out of an artifact once, and kept as long as the artifact is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from cds.content.artifact import Artifact

_T = TypeVar("_T")


def prepared_once(prepare: Callable[[Artifact], _T]) -> Callable[[Artifact], _T]:
    """Let what `prepare` makes of an artifact be kept with it; it goes when new content takes the artifact's place.

    What is made must not refer to the artifact itself, or it would keep it for ever.
    """
    known: WeakKeyDictionary[Artifact, _T] = WeakKeyDictionary()

    @wraps(prepare)
    def prepared(artifact: Artifact) -> _T:
        if artifact not in known:
            known[artifact] = prepare(artifact)
        return known[artifact]

    return prepared
