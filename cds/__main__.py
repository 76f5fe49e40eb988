"""`python -m cds` is `cds`."""

from cds.cli import main

main()
