"""Run the official CQL translator (npm @cqframework/cql) in Node.js.

The program and its package lock are in `node/` beside this module. On first use the packages are installed by `npm ci`
into a cache folder named after the lock's hash: `.cache/` of a checkout, else the user's cache folder. Nothing of the
server needs Node.js: it is for authors and for the check that ELM and CQL agree.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds.authoring.errors import NodeMissing, TranslatorFailed

PROGRAM_FOLDER = Path(__file__).resolve().parent / "node"
PROGRAM = "translate.mjs"
PACKAGE_FILES = ("package.json", "package-lock.json")
MINIMUM_NODE = 18


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding of the translator; `library` is the CQL library it is in, line and column count from 1."""

    library: str | None
    line: int | None
    column: int | None
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Translation:
    """The outcome for one unit: `elm` is the ELM document {"library": …}, None when the text is not CQL at all."""

    key: str
    elm: dict[str, Any] | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Give the findings that make the ELM unusable."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def translate(
    units: Mapping[str, str],
    *,
    sources: Mapping[str, str] | None = None,
    annotations: bool = True,
    result_types: bool = True,
) -> list[Translation]:
    """Translate CQL texts (by any key) against FHIR 4.0.1, in one Node.js process.

    `sources` are the texts of libraries that may be included, by library name; FHIRHelpers 4.0.1 is always there.
    Raises NodeMissing, or TranslatorFailed when the packages cannot be installed or the program breaks.
    """
    job = {
        "sources": dict(sources or {}),
        "units": [{"key": key, "text": text} for key, text in units.items()],
        "options": {"annotations": annotations, "resultTypes": result_types},
    }
    folder = installed_packages(PROGRAM_FOLDER)
    answer = run_node(folder, PROGRAM, json.dumps(job))
    return [_translation(json.loads(line)) for line in answer.split("\n") if line]


def _translation(row: Mapping[str, Any]) -> Translation:
    return Translation(row["key"], row["elm"], tuple(Problem(**problem) for problem in row["problems"]))


def node_executable() -> str:
    """Find Node.js on the path; raises NodeMissing when it or npm is absent."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing = "Node.js" if node is None else "npm"
        message = f"{missing} is not installed; Node.js {MINIMUM_NODE} or later translates CQL"
        raise NodeMissing(message)
    return node


def cache_folder() -> Path:
    """Give the folder for what can be made again: `.cache` of a checkout, else the user's cache folder."""
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").is_file():
        return root / ".cache"
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "fhir-cds"


def installed_packages(program: Path) -> Path:
    """Install the npm packages of a program folder once, and return the folder that holds them and the program.

    Two processes may do this at the same time: each installs into a folder of its own, the first rename wins.
    """
    node_executable()
    lock = (program / "package-lock.json").read_bytes()
    target = cache_folder() / f"node-{program.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="npm-") as scratch:
            fresh = Path(scratch) / "packages"
            fresh.mkdir()
            for name in PACKAGE_FILES:
                shutil.copy(program / name, fresh / name)
            _npm_ci(fresh)
            try:
                fresh.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
    for script in program.glob("*.mjs"):
        _copy_if_changed(script, target / script.name)
    return target


def _npm_ci(folder: Path) -> None:
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(  # noqa: S603 - a fixed command
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        message = f"npm ci could not install the translator's packages:\n{done.stderr.strip()}"
        raise TranslatorFailed(message)


def _copy_if_changed(source: Path, target: Path) -> None:
    if target.is_file() and target.read_bytes() == source.read_bytes():
        return
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as scratch:
        scratch.write(source.read_bytes())
    Path(scratch.name).replace(target)


def run_node(folder: Path, program: str, job: str) -> str:
    """Run a program of an installed folder with `job` on its input and return its output."""
    command = [node_executable(), program]
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=folder, input=job, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        message = f"{program} stopped with code {done.returncode}:\n{done.stderr.strip()[-2000:]}"
        raise TranslatorFailed(message)
    return done.stdout
