"""`cds check`: a linter for guidelines. Each rule has an id, a reason, and says what to do."""
