"""A guideline of any size: so many recommendations, each with its own definitions, of which one in fifty fires.

CQL and PlanDefinition are written and translated once into the cache folder.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cds.authoring.translator import cache_folder
from cds.commands.elm import build_elm
from tests.benchmarks.engine.bench_data import LOINC, OTHER_CODES, observation

BASE = "http://example.org/bench"
UNIT = "mg/dL"
VALUE, HIGH, LOW = 50.0, 60, 40
PER_LIBRARY, FIRING = 100, 50
