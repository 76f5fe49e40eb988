"""Our choices where the specification leaves one: written into docs/cds-hooks-conformance.md."""

from __future__ import annotations

LENIENCY = ()
REASONS: dict[str, str] = {}
LENIENT: dict[str, str] = {}
STRICTER: dict[str, str] = {}
