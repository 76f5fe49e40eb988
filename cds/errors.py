"""The exception tree.

CDSError
├── ContentError            a guideline, mapping or its compiled logic is broken: the start stops
│   └── ContentUnreachable  a server that content is kept on did not give it
├── SettingsError           a setting is misspelt or has a bad value: the start stops
├── RefusedRequest          the caller's request cannot be answered: 4xx with an OperationOutcome
│   ├── BadRequest          400
│   ├── NotFound            404
│   ├── PreconditionFailed  412: required data could not be obtained
│   ├── OutOfTime           503: the answer could not be finished in time
│   └── Unavailable         503: something that an answer needs does not work at the moment
├── FHIRServerError         a FHIR server did not give what was asked (cds.data.fhir_client)
└── EngineError             an expression cannot be compiled or evaluated (cds.engine.errors)
"""

from __future__ import annotations

from collections.abc import Sequence


class CDSError(Exception):
    """The root of every error this package raises on purpose."""


class ContentError(CDSError):
    """A content file is broken; the message names the file, the JSON path or CQL line, and what to do."""

    def __init__(self, message: str, *, file: str | None = None, path: str | None = None) -> None:
        self.file = file
        self.path = path
        where = ": ".join(part for part in (file, path) if part)
        super().__init__(f"{where}: {message}" if where else message)


class ContentUnreachable(ContentError):
    """Content could not be fetched: it may be whole, and another try may find it."""


class SettingsError(CDSError):
    """A setting is misspelt or has a value that cannot be used."""


class RefusedRequest(CDSError):
    """The request cannot be answered as it stands.

    `expressions` are the FHIRPaths of the members at fault (OperationOutcome.issue.expression), mostly one; the message
    never repeats a value of the request.
    """

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, expression: str | Sequence[str] | None = None) -> None:
        self.expressions = (expression,) if isinstance(expression, str) else tuple(expression or ())
        super().__init__(message)


class BadRequest(RefusedRequest):
    """The request is malformed: a member is missing, mistyped or contradictory."""


class NotFound(RefusedRequest):
    """There is nothing at this address."""

    status = 404
    code = "not-found"


class PreconditionFailed(RefusedRequest):
    """Data that the service cannot do without could not be obtained (CDS Hooks 2.0: 412)."""

    status = 412
    code = "required"


class OutOfTime(RefusedRequest):
    """The call could not be answered within its time; half an answer is not given."""

    status = 503
    code = "timeout"


class Unavailable(RefusedRequest):
    """Something that an answer needs does not work at the moment: try again."""

    status = 503
    code = "transient"
