"""Intermediate form → Python source: `ModuleWriter` takes functions and gives a compiled `Module`."""

from __future__ import annotations

from cds.engine.emit.module import Module, ModuleWriter, Place, compile_function

__all__ = ["Module", "ModuleWriter", "Place", "compile_function"]
