"""References between resources, as far as the resources are at hand.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

from typing import Any

from cds.engine.run import Run
from cds.engine.runtime.fhir_values import json_of


def reference_to(resource: Any) -> dict[str, Any] | None:
    """Return a Reference to a resource that has an id."""
    resource = json_of(resource)
    if resource is None or not resource.get("id"):
        return None
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def resolve(run: Run, reference: Any) -> Any:
    """Return the resource at hand that a Reference (or its text, "Type/id") means; null when it is not at hand.

    A version in the reference is read over; an absolute URL is taken by its last two steps.
    """
    reference = json_of(reference)
    text = reference.get("reference") if isinstance(reference, dict) else reference
    if not isinstance(text, str) or run.resources is None:
        return None
    steps = text.partition("/_history/")[0].split("/")
    return run.resources.by_id(steps[-2], steps[-1]) if len(steps) >= 2 else None
