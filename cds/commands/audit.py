"""`cds audit`: the record as AuditEvents, for the hospital's audit repository."""

from __future__ import annotations

import sys
from datetime import datetime

from cds.decisions.audit_event import audit_event
from cds.decisions.log import DecisionLog
from cds.decisions.store import open_database
from cds.fhir.json import dumps
from cds.settings import Settings


async def write_audit_events(settings: Settings, *, since: datetime | None, until: datetime | None) -> None:
    """Write one AuditEvent per line to standard output, the oldest first; raises `Unavailable`."""
    log = DecisionLog(open_database(settings.database))
    try:
        await log.start()
        async for record in log.records(since=since, until=until):
            sys.stdout.write(dumps(audit_event(record)).decode() + "\n")
    finally:
        await log.close()
