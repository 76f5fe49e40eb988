"""Random UUIDs as text: every card, suggestion, decision and request has one."""

from __future__ import annotations

import os

_VARIANTS = "89ab"


def random_uuid() -> str:
    """Return a version 4 UUID (RFC 9562, section 5.4): 122 random bits, the digit of the version, that of the variant.

    As `uuid.uuid4`, without the object that would be made of it only to be written.
    """
    digits = os.urandom(16).hex()
    variant = _VARIANTS[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
