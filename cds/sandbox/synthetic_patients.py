"""The patients of the sandbox, each with a story, read from `patients/*.toml`. None of them exists."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from cds.errors import CDSError
from cds.sandbox.chart import Chart
from cds.sandbox.seed import PatientSeed


class BrokenSeed(CDSError):
    """A seed file cannot be read; the message names the file, the patient by its place, and the field."""


class Story(PatientSeed):
    """One synthetic patient; `group` is the heading of the file that tells of it."""

    group: str

    def chart(self, today: date) -> Chart:
        """Write the chart as it stands on that day: `resources`, and `drafts` for the hook context."""
        return Chart(self, today)


class _SeedFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    group: str
    patients: tuple[PatientSeed, ...]


def read_stories(text: str, name: str) -> tuple[Story, ...]:
    """Read one seed file; `name` is for messages. Raises BrokenSeed."""
    try:
        file = _SeedFile.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        msg = f"{name}: {error}"
        raise BrokenSeed(msg) from None
    except ValidationError as error:
        places = [".".join(map(str, each["loc"])) + ": " + each["msg"] for each in error.errors()]
        msg = f"{name}: {'; '.join(places)}"
        raise BrokenSeed(msg) from None
    return tuple(Story(group=file.group, **dict(seed)) for seed in file.patients)


def _shipped() -> tuple[Story, ...]:
    folder = resources.files("cds.sandbox") / "patients"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple(story for file in files for story in read_stories(file.read_text(encoding="utf-8"), file.name))


DEMO_PATIENT = "renal-failure"

STORIES: tuple[Story, ...] = _shipped()


def find_story(patient_id: str) -> Story | None:
    """Find the story of a patient id."""
    return next((story for story in STORIES if story.id == patient_id), None)


def sandbox_resources(today: date) -> list[dict[str, Any]]:
    """Write all charts as they stand on that day, with the doctor who signs the orders."""
    doctor = {
        "resourceType": "Practitioner",
        "id": "sandbox-doctor",
        "active": True,
        "name": [{"family": "Sandbox", "given": ["Doctor"], "prefix": ["Dr."]}],
    }
    return [doctor] + [resource for story in STORIES for resource in story.chart(today).resources]
