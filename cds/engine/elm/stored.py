"""Compiled libraries as bytes, so that the next process need not compile them again.

What is stored is code that will be run: a `Store` gives back only what this program itself has put there.
"""

from __future__ import annotations

import io
import marshal
import pickle
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any, Protocol

from cds.engine.elm.compile import CompiledLibrary
from cds.engine.elm.terminology import Terms

_KIND = "logic"


class Store(Protocol):
    """Where compiled libraries are kept between processes: bytes by kind and key, for one version of the program."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what was put there, None when it is not there any more."""

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Keep it, if that is possible."""


def load(store: Store, key: str, includes: Iterable[CompiledLibrary]) -> CompiledLibrary | None:
    """Return the library with this key as it was compiled before, None when it is not in the store."""
    stored = store.get(_KIND, key)
    if stored is None:
        return None
    terms = {library.document.name: library.interface.terms for library in includes}
    library: CompiledLibrary = _Reader(io.BytesIO(stored), terms).load()
    return library


def save(store: Store, library: CompiledLibrary, includes: Iterable[CompiledLibrary]) -> None:
    """Put a library into the store; one that holds what cannot be written is compiled anew each time."""
    names = {id(included.interface.terms): included.document.name for included in includes}
    written = io.BytesIO()
    try:
        _Writer(written, names).dump(library)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError, ValueError):
        return
    store.put(_KIND, library.key, written.getvalue())


class _Writer(pickle.Pickler):
    """Writes code by `marshal`, and the vocabulary of an included library as its name: that library has it."""

    def __init__(self, file: io.BytesIO, names: Mapping[int, str]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._names = names

    def persistent_id(self, obj: Any) -> str | None:
        """Name what is not written, but taken from another library when this one is read."""
        return self._names.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        """Write code, which pickle cannot."""
        return (marshal.loads, (marshal.dumps(obj),)) if isinstance(obj, CodeType) else NotImplemented


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, terms: Mapping[str, Terms]) -> None:
        super().__init__(file)
        self._terms = terms

    def persistent_load(self, pid: str) -> Terms:
        """Return the vocabulary of an included library."""
        return self._terms[pid]
