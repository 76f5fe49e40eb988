"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Health = Literal["good", "doubtful", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing that was looked at: what, how it is, and, unless good, what to do."""

    subject: str
    health: Health
    said: str
    advice: str = ""


def good(subject: str, said: str) -> Examined:
    """Say that something is as it should be."""
    return Examined(subject=subject, health="good", said=said)


def doubtful(subject: str, said: str, advice: str) -> Examined:
    """Say that something works, and may not be what is meant."""
    return Examined(subject=subject, health="doubtful", said=said, advice=advice)


def bad(subject: str, said: str, advice: str) -> Examined:
    """Say that something keeps calls from being answered."""
    return Examined(subject=subject, health="bad", said=said, advice=advice)
