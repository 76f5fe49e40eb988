"""`cds forget`: what is old enough to be deleted."""

from __future__ import annotations

from datetime import datetime

from cds.decisions.log import DecisionLog
from cds.decisions.retention import Forgotten, forget
from cds.decisions.store import open_database
from cds.settings import Settings


async def forget_records(settings: Settings, *, before: datetime) -> Forgotten:
    """Delete decisions and feedback from before a moment from the database of the settings; raises `Unavailable`."""
    engine = open_database(settings.database)
    log = DecisionLog(engine)
    try:
        await log.start()
        return await forget(engine, before)
    finally:
        await log.close()
