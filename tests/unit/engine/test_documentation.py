"""The examples of docs/engine.md run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


def test_the_examples_of_the_page_about_the_engine_run(monkeypatch, capsys):
    monkeypatch.chdir(REPOSITORY)
    page = (REPOSITORY / "docs" / "engine.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 4
    names = {}
    for example in examples:
        exec(compile(example, "docs/engine.md", "exec"), names)
    assert "With encounter MedicationRequest/m1 encounter.reference Encounter/e1" in capsys.readouterr().out
