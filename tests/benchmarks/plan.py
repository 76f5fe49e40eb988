"""How long and how often is measured: the whole benchmark, or a quick look while working on it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.load import Load, load, middle
from tools.load.server import Running

MANY = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes, and the seconds and rounds of each measurement; peers get longer rounds, as some answer slowly."""

    seconds: float
    peer_seconds: float
    rounds: int
    warm_up_share: float
    sizes: tuple[int, ...]
    growing_observations: tuple[int, ...]
    growing_recommendations: tuple[int, ...]
    growing_clients: tuple[int, ...]

    def side_by_side(
        self, contestants: Mapping[str, tuple[Running, str, bytes]], *, clients: int = MANY, seconds: float = 0
    ) -> dict[str, Load]:
        """Measure servers in turns, each with its own call, so that what else the machine does falls on all alike."""
        for contestant in contestants.values():
            load(*contestant, clients=clients, seconds=1)
        rounds = [
            {
                name: load(*contestant, clients=clients, seconds=seconds or self.seconds)
                for name, contestant in contestants.items()
            }
            for _ in range(self.rounds)
        ]
        return {name: middle([one[name] for one in rounds]) for name in contestants}

    def alone(self, server: Running, url: str, body: bytes, *, clients: int) -> Load:
        """Measure one server, once, a little longer than a round."""
        load(server, url, body, clients=clients, seconds=1)
        return load(server, url, body, clients=clients, seconds=1.5 * self.seconds)


FULL = Plan(
    seconds=2,
    peer_seconds=4,
    rounds=3,
    warm_up_share=1,
    sizes=(20, 200, 2000),
    growing_observations=(20, 50, 100, 200, 500, 1000, 2000, 5000),
    growing_recommendations=(10, 30, 100, 300, 1000),
    growing_clients=(1, 2, 4, 8, 16, 32, 64),
)
QUICK = Plan(
    seconds=1,
    peer_seconds=1,
    rounds=1,
    warm_up_share=0.1,
    sizes=(20, 200),
    growing_observations=(20, 200, 2000),
    growing_recommendations=(10, 100),
    growing_clients=(1, 8),
)

_BEGAN = time.monotonic()


def seconds_so_far() -> int:
    """Give the seconds since the benchmark began."""
    return round(time.monotonic() - _BEGAN)


def told(text: str) -> None:
    """Say what is being measured."""
    sys.stderr.write(f"{seconds_so_far():6} s  {text}\n")
