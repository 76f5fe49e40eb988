"""`cds test`: the cases beside the guidelines, run through the whole line, with coverage of every condition."""
