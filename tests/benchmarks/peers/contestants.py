"""How each peer is installed and started. Everything fetched goes into the cache folder, versions pinned."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import time
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cds.authoring.translator import cache_folder, installed_packages, node_executable, translate
from tests.benchmarks.load import CallFailed
from tests.benchmarks.peers import rule
from tests.benchmarks.servers import Started, other, ours
from tools.hapi.server import MAX_START_SECONDS, build
from tools.oracles.cql_execution import FOLDER as ORACLES
from tools.oracles.maven import official_fhir_helpers

HERE = Path(__file__).parent
HEALTHCHAIN = ("healthchain==0.16.1", "uvicorn[standard]==0.54.0")
HEAP = "-Xmx2g"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A peer that runs: its name, the service, the keys and templates of its prefetch, and what it runs on."""

    name: str
    what: str
    started: Started
    service: str
    templates: Mapping[str, str]
    warm_up_seconds: float = 1
    path: str = ""

    @property
    def base(self) -> str:
        """What `/cds-services` is added to."""
        return self.started.url + self.path

    @property
    def url(self) -> str:
        """The address of the service."""
        return f"{self.base}/cds-services/{self.service}"

    def check(self) -> list[str]:
        """Give its answers to the rule; raises `CallFailed` for a wrong one."""
        return rule.check(self.name, self.base, self.service, self.templates)


@contextlib.contextmanager
def ourselves() -> Iterator[Contestant]:
    """Run our server with the rule as its only guideline."""
    with ours(CDS_CONTENT=str(rule.CONTENT)) as started:
        service = started.services()[0]
        yield Contestant("fhir-cds", "CQL in Python", started, service["id"], service["prefetch"])


@contextlib.contextmanager
def hapi(folder: Path) -> Iterator[Contestant]:
    """Run HAPI with its CDS Hooks module and clinical reasoning over a JPA server with H2 in memory."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in rule.content()
    ]
    bundle = folder / "content.json"
    bundle.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    class_path = os.pathsep.join(build(HERE / "hapi"))
    command = ["java", HEAP, "-XX:+UseSerialGC", "-cp", class_path, "CdsHooksServer", "PORT", str(bundle)]
    with other(command, ready="/cds-services") as started:
        service = _service_of_hapi(started)
        what = "HAPI FHIR 8.8.0 CDS Hooks module, clinical reasoning 4.4.0, Java 17, heap 2 GB"
        yield Contestant("HAPI", what, started, service["id"], service["prefetch"], warm_up_seconds=20)


def _service_of_hapi(started: Started) -> dict[str, Any]:
    """Wait for the service: HAPI answers with an empty object before it has read its content."""
    end = time.monotonic() + MAX_START_SECONDS
    while time.monotonic() < end:
        found = httpx.get(f"{started.url}/cds-services", trust_env=False, timeout=60).json().get("services")
        if found:
            return dict(found[0])
        time.sleep(0.5)
    msg = "HAPI does not offer the service of the benchmark"
    raise CallFailed(msg)


@contextlib.contextmanager
def node(folder: Path) -> Iterator[Contestant]:
    """Run the same ELM on cql-execution and cql-exec-fhir in Node."""
    library = next(one for one in rule.content() if one["resourceType"] == "Library")
    elm = next(part for part in library["content"] if part["contentType"] == "application/elm+json")
    (helpers,) = translate({"FHIRHelpers": official_fhir_helpers()}, annotations=False)
    file = folder / "elm.json"
    file.write_text(json.dumps([json.loads(base64.b64decode(elm["data"])), helpers.elm]))
    packages = installed_packages(ORACLES)
    command = [node_executable(), str(HERE / "server.mjs"), "PORT", str(packages), str(file)]
    with other(command, ready="/") as started:
        yield Contestant(
            "Node", "cql-execution 3.3.2, cql-exec-fhir 2.2.0", started, "bench-renal", PLAIN_KEYS, warm_up_seconds=5
        )


@contextlib.contextmanager
def healthchain() -> Iterator[Contestant]:
    """Run the rule written by hand on HealthChain, on uvloop and httptools like ours."""
    command = [str(_python_with(*HEALTHCHAIN)), str(HERE / "healthchain_service.py"), "PORT"]
    templates = PLAIN_KEYS | {"drafts": "MedicationRequest?status=draft"}
    with other(command, ready="/cds/cds-discovery") as started:
        what = f"{', '.join(HEALTHCHAIN)}, a Python function"
        yield Contestant("HealthChain", what, started, "bench-renal", templates, path="/cds")


def _python_with(*requirements: str) -> Path:
    """Give the Python of an environment that holds these packages; it is made once."""
    digest = hashlib.sha256(" ".join(requirements).encode()).hexdigest()[:12]
    folder = cache_folder() / "bench" / f"{requirements[0].partition('=')[0]}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "installed").is_file():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
        (folder / "installed").touch()
    return python


PLAIN_KEYS = {"patient": "Patient/{{context.patientId}}", "observations": "Observation?patient={{context.patientId}}"}
