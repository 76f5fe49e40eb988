"""The expressions in guidelines: which languages there are, and what their answers mean."""
