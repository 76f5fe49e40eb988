"""FHIR packages of the npm registry for the conformance tests, kept in .cache/fhir-packages, which git ignores.

Run `python -m tools.conformance.fhir_packages` to fetch them (needs npm); tests skip what is not there.
"""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from typing import Any

from cds.fhir.json import loads
from tools.conformance.cited_rows import ROOT

FOLDER = ROOT / ".cache" / "fhir-packages"
R4_EXAMPLES = "hl7.fhir.r4.examples@4.0.1"


def package_path(name: str) -> Any:
    """Return where a package lies, None when it has not been fetched."""
    path = FOLDER / f"{name.replace('@', '-')}.tgz"
    return path if path.is_file() else None


def resources(name: str, types: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, body) of the resources of these types in a package that was fetched."""
    prefixes = tuple(f"{kind}-" for kind in types)
    with tarfile.open(package_path(name), "r:gz") as archive:
        for member in archive:
            file = member.name.removeprefix("package/")
            if file.startswith(prefixes) and file.endswith(".json"):
                content = archive.extractfile(member)
                if content is not None:
                    yield file, content.read()


def resource(name: str, file: str) -> dict[str, Any]:
    """Return one resource of a package that was fetched."""
    kind = file.partition("-")[0]
    found: dict[str, Any] = next(loads(body) for one, body in resources(name, [kind]) if one == file)
    return found


def main() -> None:
    """Fetch every package."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in (R4_EXAMPLES,):
        if package_path(name) is None:
            subprocess.run(["npm", "pack", "--silent", name], cwd=FOLDER, check=True)


if __name__ == "__main__":
    main()
