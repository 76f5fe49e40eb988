"""What the benchmark ran on: the machine and the versions, without its name or a path of it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cds import __version__
from tests.benchmarks.load import WRK

PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "orjson", "msgspec", "pydantic", "sqlalchemy")


def machine() -> dict[str, str]:
    """Describe the machine."""
    information = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.+)$", information, re.MULTILINE)
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GB",
        "system": platform.system(),
        "load average when it began": f"{os.getloadavg()[0]:.1f}",
    }


def versions() -> dict[str, str]:
    """List what ran, by name."""
    revision = _output("git", "describe", "--always", "--dirty")
    found = {"fhir-cds": f"{__version__} {revision}".strip(), "Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["load generator"] = " ".join(_output("wrk", "--version").split()[:2]) if WRK else "a client of ours"
    found["Node"] = _output("node", "--version")
    found["Java"] = _output("java", "-version").partition("\n")[0]
    return {name: said for name, said in found.items() if said}


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return "" if done.returncode else (done.stdout or done.stderr).strip()
