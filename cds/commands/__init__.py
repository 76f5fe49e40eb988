"""What the commands of `cds` do, one module per command."""
