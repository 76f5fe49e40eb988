"""Random UUIDs are those of RFC 9562, and every free bit of them is random."""

from __future__ import annotations

import uuid

from cds.identities import random_uuid

MANY = 200


def test_every_one_is_a_version_4_uuid_in_its_usual_form():
    for text in (random_uuid() for _ in range(MANY)):
        read = uuid.UUID(text)
        assert str(read) == text
        assert read.version == 4
        assert read.variant == uuid.RFC_4122


def test_no_two_are_alike_and_each_free_bit_is_either():
    numbers = {uuid.UUID(random_uuid()).int for _ in range(MANY)}
    assert len(numbers) == MANY
    varying = 0
    for number in numbers:
        varying |= number ^ next(iter(numbers))
    assert varying.bit_count() == 122
