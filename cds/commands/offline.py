"""The content, compiled, with no way to any server: for commands that only look."""

from __future__ import annotations

from cds.app import build_world
from cds.data.fhir_servers import NoFHIRServers
from cds.decisions.memory import MemoryLog
from cds.service import World
from cds.settings import Settings


def offline_world(settings: Settings) -> World:
    """Load and compile the content of the settings; no FHIR server may be called."""
    return build_world(settings, decision_log=MemoryLog(), fhir_servers=NoFHIRServers())
