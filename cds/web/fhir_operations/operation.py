"""What an operation is: its name, where it can be called, its parameters, and the function that answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from cds.content.artifact import Artifact
from cds.errors import OutOfTime, RefusedRequest
from cds.hooks.caller import Caller
from cds.service import World
from cds.web.admission import aside
from cds.web.fhir_operations.inputs import Inputs, Parameter

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class CannotProcess(RefusedRequest):
    """The request is well formed, but what it asks for cannot be done (422): content or data are at fault."""

    status = 422
    code = "processing"


class NotSupported(RefusedRequest):
    """A parameter that the operation knows and this server does not serve (400): nothing is silently ignored."""

    code = "not-supported"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCall:
    """One call: what was sent, the artefact it was sent to (None at type level), and who calls which world.

    `deadline` is a `time.monotonic()` value, for all subjects of the call together. `desk` is held by the call whose
    work is done beside the event loop.
    """

    inputs: Inputs
    instance: Artifact | None
    world: World
    caller: Caller
    deadline: float
    desk: asyncio.Lock

    @property
    def seconds(self) -> float:
        """The time that is left."""
        return max(0.0, self.deadline - time.monotonic())

    def refuse_if_late(self) -> None:
        """Raise `OutOfTime` when the time of the call is used up: half an answer is not given."""
        if time.monotonic() > self.deadline:
            msg = "the call could not be answered within its time (CDS_DEADLINE_MS)"
            raise OutOfTime(msg)

    async def work(
        self, work: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result:
        """Compute something beside the event loop, one call at a time: what was sent may take all the time of the call.

        Hook calls have their turns meanwhile. Raises `OutOfTime` when it cannot begin in time, or ends late.
        """
        async with aside(), self.desk:
            self.refuse_if_late()
            result = await asyncio.to_thread(work, *args, **kwargs)
        self.refuse_if_late()
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation on one resource type, at type level and on one resource of it.

    `definition` is the canonical URL of its OperationDefinition. `inline` names the parameters that say which artefact
    is meant at type level and are not allowed on one resource.
    """

    resource_type: str
    name: str
    definition: str
    parameters: tuple[Parameter, ...]
    answer: Callable[[OperationCall], Awaitable[dict[str, Any]]]
    inline: frozenset[str] = field(default_factory=frozenset)
