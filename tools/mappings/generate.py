"""Write fhir_mappings/ from the terminology catalogue: value sets, units, maps between code systems, own code systems.

    python tools/mappings/generate.py TERMINOLOGY.yaml [--guidelines FOLDER] [--out fhir_mappings] [--anew]

TERMINOLOGY.yaml holds the verified codes; additions.yaml beside this script holds what it lacks, each with the place
where the code was seen. The files written are content from then on, and belong to whoever edits them: run again, this
script writes only the files that are not there and adds to our own code systems only the codes that they lack. `--anew`
writes every file anew, and what was changed by hand is lost.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import yaml
from code_systems import clinical_concepts, clinical_findings, naming_systems, recommendations
from concept_maps import concept_maps, false_friends
from observation_definitions import observation_definitions
from value_sets import value_sets

Resource = dict[str, Any]
_HERE = Path(__file__).parent
_OWN = ("findings", "unit_spellings", "false_friend_codes", "other_systems")
_LISTS = ("observations", "drugs", "drug_groups", "conditions", "procedures", "vaccines")


def main() -> None:
    """Read the catalogue and write one file per resource."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("terminology", type=Path)
    arguments.add_argument("--guidelines", type=Path, default=None, help="folder with the recommendation catalogues")
    arguments.add_argument("--out", type=Path, default=_HERE.parent.parent / "fhir_mappings")
    arguments.add_argument("--anew", action="store_true", help="overwrite what is there")
    given = arguments.parse_args()
    catalogue = merged(_read(given.terminology), _read(_HERE / "additions.yaml"))
    resources = [
        *value_sets(catalogue),
        *observation_definitions(catalogue),
        *concept_maps(catalogue),
        false_friends(catalogue),
        *naming_systems(catalogue),
        clinical_concepts(catalogue),
        clinical_findings(catalogue),
    ]
    if given.guidelines is not None:
        resources.append(recommendations([_read(path) for path in sorted(given.guidelines.glob("*-*.yaml"))]))
    for resource in resources:
        write(given.out, resource, anew=given.anew)


def merged(catalogue: dict[str, Any], additions: dict[str, Any]) -> dict[str, Any]:
    """Lay the additions over the catalogue: new concepts, more codes for a known concept, codes that move or go."""
    together = {**catalogue, **{name: additions[name] for name in _OWN}}
    for name in _LISTS:
        concepts = {concept["id"]: dict(concept) for concept in catalogue[name]}
        for addition in additions.get(name, ()):
            concept = concepts.setdefault(addition["id"], {"codes": []})
            codes = [*concept.get("codes", ()), *addition.get("codes", ())]
            concepts[addition["id"]] = {**concept, **addition, "codes": codes}
        together[name] = list(concepts.values())
    _correct(together, additions["corrections"])
    return together


def _correct(catalogue: dict[str, Any], corrections: list[dict[str, str]]) -> None:
    for correction in corrections:
        concept = next(one for one in catalogue[correction["list"]] if one["id"] == correction["id"])
        code = next(one for one in concept["codes"] if one["code"] == correction["code"])
        if "display" in correction:
            code["display"] = correction["display"]
        else:
            concept["codes"] = [one for one in concept["codes"] if one is not code]


def write(folder: Path, resource: Resource, *, anew: bool = False) -> None:
    """Write one resource as Type/id.json, in a stable order; what is there stays as it is, unless `anew`.

    A code system that is there gets the codes that it lacks, at its end.
    """
    path = folder / resource["resourceType"] / f"{resource['id']}.json"
    if path.is_file() and not anew:
        if resource["resourceType"] != "CodeSystem":
            return
        resource = _completed(json.loads(path.read_bytes()), resource)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(resource, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _completed(present: Resource, generated: Resource) -> Resource:
    codes = {concept["code"] for concept in present["concept"]}
    concepts = present["concept"] + [one for one in generated["concept"] if one["code"] not in codes]
    return present | {"count": len(concepts), "concept": concepts}


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


if __name__ == "__main__":
    main()
