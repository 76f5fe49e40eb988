"""What is wrong with content: collected while reading, and told all together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cds.errors import ContentError


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One fault of one file: where it is (`file`, and the JSON `path` inside it), what is wrong and what to do."""

    file: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: {self.message}" if self.path else f"{self.file}: {self.message}"


class BrokenContent(ContentError):
    """The content cannot be used. `problems` holds every fault that was found, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        first = self.problems[0]
        if len(self.problems) == 1:
            super().__init__(first.message, file=first.file, path=first.path or None)
            return
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} problems in the content:\n{listed}")
