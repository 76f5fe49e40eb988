"""The Danish denosumab guideline keeps what its cases promise."""

from tests.content.guideline import Guideline
from tests.content.pilot import PilotGuideline


class TestDenosumab(PilotGuideline):
    guideline = Guideline("dk-denosumab", definitions=True)
    limit = "Is Half A Year"
