"""From files to artifacts: a folder tree, a FHIR package (.tgz), or Bundles in either (checklist PD-253 … PD-255)."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cds.cache import NO_CACHE, Cache
from cds.content.artifact import KNOWLEDGE_TYPES, Artifact
from cds.content.problems import Problem
from cds.content.validation import KnownFiles, validate
from cds.errors import BadRequest
from cds.fhir.elements import object_at
from cds.fhir.json import dumps, loads

_NOT_CONTENT = {"tests", "cql", "node_modules", "examples"}
# Every guide depends on these; their definitions are known to the engine, and their terminology is read from
# value sets that carry their expansion.
_KNOWN_PACKAGES = ("hl7.fhir.r4.", "hl7.fhir.uv.", "hl7.terminology", "hl7.fhir.us.core")


@dataclass(slots=True)
class Reading:
    """What was read: the artifacts, what was wrong, and a digest of the bytes of every file.

    `known` are the files that were found valid before.
    """

    known: KnownFiles = field(default_factory=lambda: KnownFiles(NO_CACHE))
    artifacts: list[Artifact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    def add(self, body: bytes, *, file: str, root: str, expected: str | None = None) -> None:
        """Read one JSON file; `expected` is the resource type that its folder promises, if it promises one."""
        digest = hashlib.sha256(body)
        self.digests[file] = digest.hexdigest()
        try:
            document = loads(body)
        except BadRequest as error:
            self.problems.append(Problem(file, "", f"{str(error).replace('the body', 'the file')}: correct the JSON"))
            return
        resource_type = document.get("resourceType") if isinstance(document, dict) else None
        if not isinstance(resource_type, str | None):
            self.problems.append(Problem(file, "resourceType", "this is no text: write the type of the resource"))
            return
        if expected and resource_type != expected:
            message = f"the folder {expected} holds resources of this type only: correct resourceType, or move it"
            self.problems.append(Problem(file, "resourceType", message))
            return
        misshapen = list(_misshapen_entries(document, file)) if resource_type == "Bundle" else []
        if misshapen:
            self.problems.extend(misshapen)
            return
        artifacts = list(_artifacts(document, resource_type, file, root))
        if self.known.has(digest.digest()):
            self.artifacts.extend(artifacts)
        elif self._keep(artifacts):
            self.known.add(digest.digest())

    def add_resource(self, resource: Mapping[str, Any], *, file: str, root: str) -> None:
        """Take a resource that was read elsewhere, such as from a FHIR server; `file` is its name in messages."""
        self.digests[file] = hashlib.sha256(dumps(resource)).hexdigest()
        self._keep(_artifacts(resource, resource.get("resourceType"), file, root))

    def _keep(self, artifacts: Iterable[Artifact]) -> bool:
        """Keep the artifacts that are valid; say whether all are."""
        before = len(self.problems)
        for artifact in artifacts:
            faults = tuple(validate(artifact))
            self.problems.extend(faults)
            if not faults:
                self.artifacts.append(artifact)
        return len(self.problems) == before


def read_contents(paths: Iterable[Path], cache: Cache = NO_CACHE) -> list[Reading]:
    """Read folders and packages; a file that the cache knows to be valid is not judged again."""
    known = KnownFiles(cache)
    readings = [read_content(path, known) for path in paths]
    known.keep()
    return readings


def read_content(path: Path, known: KnownFiles | None = None) -> Reading:
    """Read the folder or the `.tgz` package at `path`, with the packages it depends on where they lie beside it."""
    reading = Reading() if known is None else Reading(known=known)
    if path.is_dir():
        _read_folder(path, reading)
    elif path.is_file() and path.name.endswith((".tgz", ".tar.gz")):
        _read_package(path, reading, seen=set())
    else:
        message = "there is no such folder or .tgz package: correct the path"
        reading.problems.append(Problem(path.name, "", message))
    return reading


def read_package(body: bytes, name: str, *, max_bytes: int, max_files: int) -> Reading:
    """Read a `.tgz` package that somebody sent; what it depends on is not looked for.

    A package that unpacks to more than `max_bytes` or `max_files` is a problem, found before it is read.
    """
    reading = Reading()
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
            size = files = 0
            for member in archive:
                files, size = files + 1, size + member.size
                if files > max_files or size > max_bytes:
                    message = (
                        f"the package unpacks to more than {max_files} files or {max_bytes} bytes: make it smaller"
                    )
                    reading.problems.append(Problem(name, "", message))
                    return reading
            for file, content in _files(archive):
                if file != "package.json" and not file.startswith("."):
                    reading.add(content, file=f"{name}/{file}", root=name)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        reading.problems.append(Problem(name, "", f"this is no .tgz package that can be read ({error})"))
    return reading


def _read_folder(folder: Path, reading: Reading) -> None:
    for path in sorted(folder.rglob("*.json")):
        inside = path.relative_to(folder)
        if _NOT_CONTENT.intersection(inside.parts[:-1]) or any(part.startswith(".") for part in inside.parts):
            continue
        promised = path.parent.name if path.parent.name in KNOWLEDGE_TYPES else None
        root = path.parent.parent if promised else folder
        file = str(Path(folder.name) / inside)
        try:
            body = path.read_bytes()
        except OSError as error:
            message = f"this cannot be read ({type(error).__name__}): put a file there, or take it away"
            reading.problems.append(Problem(file, "", message))
            continue
        reading.add(body, file=file, root=root.name, expected=promised)


def _read_package(path: Path, reading: Reading, *, seen: set[str]) -> None:
    """Read a FHIR package: `package/package.json` and `package/*.json`; other folders beside it are examples."""
    seen.add(path.name)
    dependencies: Mapping[str, str] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for name, body in _files(archive):
                if name == "package.json":
                    dependencies = object_at(loads(body), "dependencies")
                elif not name.startswith("."):
                    reading.add(body, file=f"{path.name}/{name}", root=path.name)
    except (tarfile.TarError, OSError, EOFError, zlib.error, BadRequest) as error:
        reading.problems.append(Problem(path.name, "", f"the package cannot be read ({error}): fetch it again"))
        return
    for name, version in dependencies.items():
        needed = _beside(path, name, version)
        if needed is None:
            if not name.startswith(_KNOWN_PACKAGES):
                message = f"the package {name}#{version} is needed: put {name}-{version}.tgz beside this file"
                reading.problems.append(Problem(path.name, "package.json: dependencies", message))
        elif needed.name not in seen:
            _read_package(needed, reading, seen=seen)


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        folder, _, name = member.name.removeprefix("./").partition("/")
        if folder == "package" and "/" not in name and name.endswith(".json") and member.isfile():
            content = archive.extractfile(member)
            if content is not None:
                yield name, content.read()


def _beside(path: Path, name: str, version: str) -> Path | None:
    candidates = (path.parent / f"{name}{separator}{version}.tgz" for separator in ("-", "#"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _misshapen_entries(bundle: Mapping[str, Any], file: str) -> Iterator[Problem]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        yield Problem(file, "Bundle.entry", "this is no list: write the entries as a list")
        return
    for index, entry in enumerate(entries):
        resource = entry.get("resource", {}) if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str | None):
            message = "this holds no resource: give it one with a resourceType, or take the entry out"
            yield Problem(file, f"Bundle.entry[{index}]", message)


def _artifacts(document: Any, resource_type: str | None, file: str, root: str) -> Iterator[Artifact]:
    if resource_type in KNOWLEDGE_TYPES:
        yield Artifact(document, file, root)
    elif resource_type == "Bundle":
        for index, entry in enumerate(document.get("entry", ())):
            resource = entry.get("resource", {})
            if resource.get("resourceType") in KNOWLEDGE_TYPES:
                yield Artifact(resource, file, root, path=f"Bundle.entry[{index}].resource")
