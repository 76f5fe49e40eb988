"""A CDS Hooks server whose guidelines are FHIR files."""

import time

__version__ = "0.1.0"
STARTED = time.time()
"""When this program was loaded: no module of it was read before, seconds since 1970."""
