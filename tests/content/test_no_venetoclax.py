"""The Norwegian venetoclax guideline keeps what its cases promise."""

from tests.content.guideline import Guideline
from tests.content.pilot import PilotGuideline


class TestVenetoclax(PilotGuideline):
    guideline = Guideline("no-venetoclax", definitions=True)
    limit = "Rituximab Comes After Cycle 6"
