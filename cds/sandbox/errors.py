"""How the sandbox server refuses: a status and an OperationOutcome."""

from __future__ import annotations

from typing import Any

from cds.errors import CDSError
from cds.fhir.operation_outcome import operation_outcome


class SandboxRefusal(CDSError):
    """The server refuses an interaction; `status` is the HTTP status, `outcome` the body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.outcome: dict[str, Any] = operation_outcome(code, message)
        super().__init__(message)
