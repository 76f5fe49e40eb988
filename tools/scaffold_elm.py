"""Translate the CQL of the scaffold into its ELM template; needs Node. Run it when that CQL or the translator changes.

python -m tools.scaffold_elm
"""

from __future__ import annotations

from string import Template

from cds.authoring.library_resource import elm_text
from cds.authoring.scaffold import CQL_TEMPLATE, ELM_TEMPLATE
from cds.authoring.sources import find_cql_files
from cds.authoring.translator import translate
from cds.content.shipped import shipped_path

NAME, TITLE = "NameOfTheLibrary", "TitleOfTheGuideline"


def fresh_elm() -> str:
    """Return the ELM of the template's CQL with placeholders for the library's name and title."""
    cql = Template(CQL_TEMPLATE.read_text(encoding="utf-8")).substitute(title=TITLE, library=NAME)
    shared = {file.name: file.text for file in find_cql_files(shipped_path("fhir_mappings"))}
    (translation,) = translate({NAME: cql}, sources={**shared, NAME: cql})
    if translation.elm is None or translation.errors:
        raise SystemExit("\n".join(str(problem) for problem in translation.problems))
    text = elm_text(translation.elm).replace("$", "$$")
    return text.replace(NAME, "${library}").replace(TITLE, "${title}") + "\n"


if __name__ == "__main__":
    ELM_TEMPLATE.write_text(fresh_elm(), encoding="utf-8")
    print(f"wrote {ELM_TEMPLATE}")
