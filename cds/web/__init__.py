"""The server's HTTP face: CDS Hooks, health and metrics."""
