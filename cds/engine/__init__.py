"""The expression engine: CQL (as ELM) and FHIRPath, compiled to Python source, usable without the server."""
