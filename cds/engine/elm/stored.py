"""Compiled libraries as bytes, so that the next process need not compile them again.

What is stored is code that will be run: a `Store` gives back only what this program itself has put there.
"""

from __future__ import annotations

import io
import marshal
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import replace
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
    library: CompiledLibrary
    library, names = pickle.loads(stored)  # noqa: S301 - what a store gives back, this program has put there
    terms = {one.document.name: one.interface.terms for one in includes}
    return _with_terms(library, {alias: terms[name] for alias, name in names.items()})


def save(store: Store, library: CompiledLibrary, includes: Iterable[CompiledLibrary]) -> None:
    """Put a library into the store; one that holds what cannot be written is compiled anew each time.

    The vocabulary of the libraries that it includes is not written: when it is read, they are there and have it.
    """
    known = {id(one.interface.terms): one.document.name for one in includes}
    names = {alias: known[id(terms)] for alias, terms in library.interface.terms.includes.items()}
    written = io.BytesIO()
    try:
        _Writer(written, pickle.HIGHEST_PROTOCOL).dump((_with_terms(library, {}), names))
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError, ValueError):
        return
    store.put(_KIND, library.key, written.getvalue())


def _with_terms(library: CompiledLibrary, includes: Mapping[str, Terms]) -> CompiledLibrary:
    interface = library.interface
    return replace(library, interface=replace(interface, terms=replace(interface.terms, includes=includes)))


class _Writer(pickle.Pickler):
    """Writes code, which pickle cannot, by `marshal`."""

    def reducer_override(self, obj: Any) -> Any:
        """Say how code is written."""
        return (marshal.loads, (marshal.dumps(obj),)) if isinstance(obj, CodeType) else NotImplemented
