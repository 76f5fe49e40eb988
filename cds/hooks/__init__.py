"""CDS Hooks 2.0.1 on the wire: what is said to us and what we say, in the specification's own names."""
