"""All resources of a call, of which those that no retrieve can find wait until somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, overload

Resource = dict[str, Any]


class Resources(Sequence[Resource]):
    """The resources of a call in the shape that the logic reads, in their order.

    An EHR may send all results of a patient whatever it was asked for. So only what a retrieve can find is brought into
    shape at once, which is `retrievable`; the rest, Observations all, when somebody walks through or counts everything.
    """

    partial_type = "Observation"

    def __init__(self, ready: Sequence[Sequence[Resource] | None], later: Callable[[int], Resource]) -> None:
        """Take for each received resource what it became, None where `later` tells it by the position."""
        self._ready = ready
        self._later = later
        self.retrievable = tuple(chain.from_iterable([one for one in ready if one is not None]))

    @cached_property
    def _all(self) -> tuple[Resource, ...]:
        later = self._later
        return tuple(
            chain.from_iterable((later(position),) if one is None else one for position, one in enumerate(self._ready))
        )

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._all)

    @overload
    def __getitem__(self, index: int) -> Resource: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Resource, ...]: ...
    def __getitem__(self, index: int | slice) -> Resource | tuple[Resource, ...]:
        return self._all[index]


def retrievable(resources: Sequence[Resource]) -> Sequence[Resource]:
    """Give those of the resources that a retrieve of the service can find."""
    return resources.retrievable if isinstance(resources, Resources) else resources
