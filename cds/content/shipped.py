"""Where the content that comes with the package lies: beside it in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from cds.errors import ContentError

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_path(name: str) -> Path:
    """Return the folder of shipped content called `name`, such as "plan_definitions".

    Raises `ContentError` when the installation lacks it.
    """
    for candidate in (_PACKAGE / "_content" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    msg = f"the shipped content folder {name} is missing: reinstall the package, or name a folder in CDS_CONTENT"
    raise ContentError(msg)


def holds_guidelines(path: Path) -> bool:
    """Tell whether a content folder brings guidelines, and not only a site's mappings; a package always counts."""
    return not path.is_dir() or any(b'"PlanDefinition"' in file.read_bytes() for file in sorted(path.rglob("*.json")))
