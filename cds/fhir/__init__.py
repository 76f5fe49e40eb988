"""Small facts about FHIR R4: references, canonicals, dates, quantities, bundles, search parameters; no I/O."""
