"""The expression engine: CQL (as ELM) and FHIRPath, compiled to Python source, usable without the server.

engine = Engine([elm])
engine.session(resources, now=now).evaluate("Guide", "Low eGFR")
"""

from __future__ import annotations

from cds.engine.elm.libraries import LibrarySource
from cds.engine.elm.stored import Store
from cds.engine.engine import Definition, Engine, Parameter, ValueSets
from cds.engine.errors import BudgetExceeded, EngineError, EvaluationError, FHIRPathSyntaxError, UnsupportedError
from cds.engine.evidence import Evidence, Explanation
from cds.engine.fhirpath import FHIRPath, fhirpath
from cds.engine.requirements import Retrieve
from cds.engine.resource_index import ResourceIndex
from cds.engine.runtime.to_json import to_json
from cds.engine.session import Session

__all__ = [
    "BudgetExceeded",
    "Definition",
    "Engine",
    "EngineError",
    "EvaluationError",
    "Evidence",
    "Explanation",
    "FHIRPath",
    "FHIRPathSyntaxError",
    "LibrarySource",
    "Parameter",
    "ResourceIndex",
    "Retrieve",
    "Session",
    "Store",
    "UnsupportedError",
    "ValueSets",
    "fhirpath",
    "to_json",
]
