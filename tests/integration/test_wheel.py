"""The wheel, installed into an empty environment away from the checkout, serves with the shipped content."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PORT = 8765

pytestmark = pytest.mark.integration


def run(*command: str | Path, **options) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """An environment with nothing but the wheel and what it depends on; returns its bin folder."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    wheel = next(folder.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("PlanDefinition/nl-lenalidomide.json") for name in names)
    assert not any("/tests/" in name and name.startswith("tests") for name in names)
    environment = folder / "env"
    run(sys.executable, "-m", "venv", environment)
    run(environment / "bin" / "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    return environment / "bin"


def test_the_command_lists_the_shipped_services(installed, tmp_path):
    listed = json.loads(run(installed / "cds", "services", "--format", "json", cwd=tmp_path))
    assert "nl-lenalidomide-order-select" in [service["id"] for service in listed["services"]]


def test_the_server_answers(installed, tmp_path):
    environment = {**os.environ, "CDS_DATABASE": f"sqlite:///{tmp_path / 'state.sqlite3'}"}
    server = subprocess.Popen([installed / "cds", "serve", "--port", str(PORT)], cwd=tmp_path, env=environment)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{PORT}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.ConnectError:
                time.sleep(0.2)
        listed = httpx.get(f"http://127.0.0.1:{PORT}/cds-services", trust_env=False).json()["services"]
        assert len(listed) >= 3
    finally:
        server.terminate()
        assert server.wait(timeout=20) in (0, -15)
