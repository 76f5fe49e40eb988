"""The log: one JSON object per line on standard error, or readable lines on a terminal.

Everything that is logged goes through here, the words of libraries too. Of an exception only the type is written:
messages can hold patient values, addresses and tokens. What a caller could have written is encoded, so that no line
can be forged (ASVS 16.4.1).
"""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.types import EventDict, WrappedLogger

_LIBRARIES = ("uvicorn", "uvicorn.error", "asyncio", "aiohttp", "sqlalchemy", "httpx", "fhirpy")


def configure_logs(form: Literal["auto", "json", "text"], *, quiet: bool = False) -> None:
    """Send every line to standard error as JSON or as text; `auto` is text on a terminal, `quiet` warnings only."""
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_exceptions_only,
    ]
    renderer = structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer(ensure_ascii=True)
    handler = logging.StreamHandler(sys.stderr)
    lines = _Lines(handler)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _without_words],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    # Every hook call writes a line: ours do not take the way of the libraries' through the standard library.
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=lambda *_: lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
        library.setLevel(logging.WARNING)


class _Lines:
    """What our loggers write to: lines, under one lock with the handler of the libraries' lines.

    When nobody can read them any more, what is logged goes on all the same.
    """

    def __init__(self, handler: logging.StreamHandler[TextIO]) -> None:
        self._handler = handler

    def write(self, line: str) -> None:
        """Write a line and let it be seen."""
        self._handler.acquire()
        try:
            self._handler.stream.write(f"{line}\n")
            self._handler.flush()
        except (OSError, ValueError):
            pass
        finally:
            self._handler.release()

    debug = info = warning = error = critical = write


def _name_exceptions_only(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write the type of an exception in place of the exception."""
    given = event.pop("exc_info", None)
    if given:
        error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
        event["error"] = type(error).__name__
    return event


def _without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep of a library's line who said it and how grave it is: its words can hold what it worked on."""
    record: logging.LogRecord = event["_record"]
    event["event"] = f"{record.name}: {record.levelname.lower()}"
    event["place"] = f"{record.module}:{record.lineno}"
    return event
