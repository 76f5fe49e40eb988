"""Who calls: the registered client, as far as an answer depends on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The client that was verified; `ANYBODY` where the server does not ask who calls.

    `fhir_servers` are the FHIR base URLs that this client may name, None: all that the settings list.
    `system_actions` says that it agreed to take system actions (CH-130).
    """

    name: str | None = None
    fhir_servers: tuple[str, ...] | None = None
    system_actions: bool = False


ANYBODY = Caller()
