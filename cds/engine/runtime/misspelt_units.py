"""What people write where a UCUM unit belongs, and what they mean.

Only for messages to authors: nothing is ever converted by this table.
"""

from __future__ import annotations

import re
from typing import Final

PER_BODY_SURFACE: Final = "for a value per 1.73 square metres write the annotation: mL/min/{1.73_m2}"

_MEANT: Final = {
    "IU": "[iU]",
    "mIU": "m[iU]",
    "uIU": "u[iU]",
    "kIU": "k[iU]",
    "mcg": "ug",
    "µg": "ug",
    "μg": "ug",
    "µmol": "umol",
    "μmol": "umol",
    "µL": "uL",
    "μL": "uL",
    "µU": "uU",
    "mEq": "meq",
    "mOsm": "mosm",
    "mmHg": "mm[Hg]",
    "cmH2O": "cm[H2O]",
    "°C": "Cel",
    "degC": "Cel",
    "°F": "[degF]",
    "degF": "[degF]",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "oz": "[oz_av]",
    "in": "[in_i]",
    "inch": "[in_i]",
    "ft": "[ft_i]",
    "cc": "mL",
    "hr": "h",
    "hrs": "h",
    "sec": "s",
    "mins": "min",
    "yr": "a",
    "yrs": "a",
    "wks": "wk",
    "ppm": "[ppm]",
    "pH": "[pH]",
    "bpm": "/min",
    "score": "{score}",
}
_POWER_OF_TEN: Final = re.compile(r"x ?10|10e|10\*\*|×")


def hint(text: str) -> str:
    """Return what the author may have meant, as the end of a message, or nothing."""
    if "1.73" in text:
        return f"; {PER_BODY_SURFACE}"
    if text.strip() != text or " " in text:
        return "; a unit has no spaces"
    for part in re.split(r"[/.()]", text):
        if part in _MEANT:
            return f"; for {part} write {_MEANT[part]}"
    if _POWER_OF_TEN.search(text.lower()):
        return "; write powers of ten as 10*9"
    return "; names and remarks belong in braces, as in {score}" if text.isalpha() else ""
