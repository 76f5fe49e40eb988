"""ELM JSON → intermediate form: one module per chapter of the CQL reference."""
