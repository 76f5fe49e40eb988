"""How a cost grows: the exponent of the power law through measured points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import linear_regression


def exponent(points: Mapping[int, float]) -> float:
    """Fit cost = a · size^b by least squares of the logarithms and give b: 1 is linear, 0 is flat."""
    sizes = [math.log(size) for size in points]
    costs = [math.log(cost) for cost in points.values()]
    return linear_regression(sizes, costs).slope
