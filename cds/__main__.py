"""`python -m cds` is `cds`."""

from cds.cli.main import main

main()
