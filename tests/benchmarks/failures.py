"""What may go wrong with one server or one tool without ending the whole benchmark; the report names it."""

from __future__ import annotations

import subprocess

import httpx

from cds.authoring.errors import AuthoringError
from tests.benchmarks.load import CallFailed
from tools.hapi.server import HapiFailed

FAILURES = (CallFailed, HapiFailed, AuthoringError, OSError, httpx.HTTPError, subprocess.CalledProcessError)


def reason(error: Exception) -> str:
    """Say what went wrong in one line, without the paths that a message may hold."""
    kind = type(error).__name__
    return f"{kind}: {error}".partition("\n")[0] if isinstance(error, CallFailed) else kind
