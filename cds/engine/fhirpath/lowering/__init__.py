"""From the syntax tree to the intermediate form, with the types that are known before any value is."""
