"""`cds new-guideline`: a folder that works, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cds.authoring.scaffold import NewGuideline

PLAN_DEFINITIONS = Path("plan_definitions")


def default_folder() -> Path:
    """Return where guidelines lie: plan_definitions of the working directory, else the directory itself."""
    return PLAN_DEFINITIONS if PLAN_DEFINITIONS.is_dir() else Path()


def default_title(identity: str) -> str:
    """Return a title made from the id: dk-denosumab is "Dk denosumab"."""
    return identity.replace("-", " ").capitalize()


def default_jurisdiction(identity: str) -> str:
    """Return the country that an id such as dk-denosumab begins with, "" when it begins otherwise."""
    first, _, rest = identity.partition("-")
    return first.upper() if rest and len(first) == 2 and first.isalpha() else ""


def next_steps(guideline: NewGuideline, folder: Path, files: Sequence[Path]) -> str:
    """Return the files that were written and what an author does now, for the terminal."""
    listed = "\n".join(f"  {path}" for path in files)
    return f"""{listed}

It is a worked example that passes its cases, a draft that no EHR is offered. Next:

  1. README.md: name the source, its edition and the population.
  2. cql/{guideline.library}.cql: replace the example, one definition per clinical idea; then
       cds elm build {folder}        (needs Node.js, for authors only)
  3. PlanDefinition/{guideline.id}.json: one action per recommendation. CodeSystem/: its id.
  4. tests/: fires, silent, each limit as a pair, data missing, another unit and code system; then
       cds check {folder}
       cds test --coverage {folder}
       cds mutate {guideline.id} {folder}
  5. When clinicians have approved it: `status` active in the PlanDefinition, and serve it with
       CDS_CONTENT={folder} cds serve --sandbox

docs/authors.md tells each step with an example."""
