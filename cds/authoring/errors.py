"""What can go wrong while CQL is translated."""

from __future__ import annotations

from pathlib import Path

from cds.errors import CDSError


class AuthoringError(CDSError):
    """The CQL files cannot be turned into libraries as they stand."""


class CqlFileError(AuthoringError):
    """A CQL file, or its Library, is not as it should be; printed like a compiler: file:line:column: error: message."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}:1: error: {message}")


class NodeMissing(AuthoringError):
    """There is no Node.js on this machine, so nothing can be translated or compared."""


class TranslatorFailed(AuthoringError):
    """The translator's packages could not be installed, or the translator itself broke."""
