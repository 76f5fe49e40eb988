"""The official FHIRHelpers 4.0.1, which cql-execution needs as code; ours are built into the engine.

It is in the Maven Central artefact info.cqframework:quick and is fetched into the cache folder; it is not committed.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

from cds.authoring.errors import TranslatorFailed
from cds.authoring.translator import cache_folder

ARTEFACT, VERSION = "info.cqframework:quick", "3.22.0"
ENTRY = "org/hl7/fhir/FHIRHelpers-4.0.1.cql"


def official_fhir_helpers() -> str:
    """Give the CQL text; fetches it by Maven on first use. Raises TranslatorFailed when that is not possible."""
    cached = cache_folder() / "maven" / "FHIRHelpers-4.0.1.cql"
    if not cached.is_file():
        with zipfile.ZipFile(_fetch(cached.parent)) as jar:
            cached.write_bytes(jar.read(ENTRY))
    return cached.read_text(encoding="utf-8")


def _fetch(folder: Path) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise TranslatorFailed("Maven, which fetches FHIRHelpers for cql-execution, is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [maven, "-q", "-B", "dependency:copy", f"-Dartifact={ARTEFACT}:{VERSION}", f"-DoutputDirectory={folder}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"Maven could not fetch {ARTEFACT}:{VERSION}:\n{done.stdout.strip()[-1000:]}"
        raise TranslatorFailed(message)
    return folder / f"quick-{VERSION}.jar"
