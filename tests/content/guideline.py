"""A guideline as its tests see it: its plan, its cases, and the catalogue it was written from."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds.content.walk import recommendations
from cds.tester.runner import TestReport, run_cases

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("CDS_SHARED", ROOT.parent / "shared"))
INDICATOR = {"routine": "info", "urgent": "warning", "stat": "critical"}

JSONObject = dict[str, Any]


class Guideline:
    """One folder of plan_definitions/; recommendations are named without the guideline's own prefix."""

    def __init__(self, identifier: str, *, definitions: bool = False) -> None:
        self.id = identifier
        self.definitions = definitions
        self.folder = ROOT / "plan_definitions" / identifier
        self.paths = [self.folder, ROOT / "fhir_mappings"]
        self.plan = json.loads((self.folder / "PlanDefinition" / f"{identifier}.json").read_bytes())
        self.actions = [action for _, action in recommendations(self.plan)]
        self.recommendations = list(dict.fromkeys(self._recommendation_of(action) for action in self.actions))

    def _recommendation_of(self, action: JSONObject) -> str:
        return action["code"][0]["coding"][0]["code"].removeprefix(f"{self.id}-")

    def actions_of(self, recommendation: str) -> list[JSONObject]:
        return [action for action in self.actions if self._recommendation_of(action) == recommendation]

    def main_action_of(self, recommendation: str) -> JSONObject:
        return next(action for action in self.actions_of(recommendation) if "." not in action["id"])

    def cases_of(self, recommendation: str) -> list[JSONObject]:
        return json.loads((self.folder / "tests" / f"{recommendation}.json").read_bytes())["cases"]

    @cached_property
    def report(self) -> TestReport:
        """Every case of the guideline, run once; with the values of the definitions behind its conditions if asked."""
        return run_cases(self.paths, definitions=self.definitions)

    def cards(self, recommendation: str | None = None) -> list[Any]:
        return [
            card
            for result in self.report.results
            for card in result.cards
            if recommendation is None or card.source.topic.code == f"{self.id}-{recommendation}"
        ]

    def failed(self) -> list[str]:
        return [f"{result.case.file}: {result.case.name}" for result in self.report.results if not result.passed]

    @cached_property
    def catalogue(self) -> dict[str, JSONObject]:
        """The entries of the recommendation catalogue; the test is skipped where that is not at hand."""
        path = SHARED / "guidelines" / f"{self.id}.yaml"
        if not path.is_file():
            pytest.skip("the recommendation catalogue is not at hand (CDS_SHARED)")
        entries = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["recommendations"]
        return {entry["id"].removeprefix(f"{self.id}-"): entry for entry in entries}
