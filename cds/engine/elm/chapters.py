"""Loads every chapter, so that its operators are registered."""

from __future__ import annotations

from cds.engine.elm import (
    arithmetic,
    clinical,
    comparisons,
    date_time,
    instances,
    intervals,
    lists,
    literals,
    logic,
    queries,
    references,
    retrieves,
    sorting,
    strings,
    type_operators,
)

CHAPTERS = (
    arithmetic,
    clinical,
    comparisons,
    date_time,
    instances,
    intervals,
    lists,
    literals,
    logic,
    queries,
    references,
    retrieves,
    sorting,
    strings,
    type_operators,
)
