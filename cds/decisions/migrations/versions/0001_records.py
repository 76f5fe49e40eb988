"""Decisions, their cards, feedback, and the client tokens that were used."""

from alembic import op
from sqlalchemy import JSON, Column, DateTime, String

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "decision",
        Column("id", String(36), primary_key=True),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("service", String(200), nullable=False),
        Column("client", String(40), nullable=False),
        Column("guideline", String(200), nullable=False),
        Column("record", JSON, nullable=False),
    )
    op.create_index("decision_time", "decision", ["time"])
    op.create_table(
        "card",
        Column("uuid", String(36), primary_key=True),
        Column("decision", String(36), nullable=False),
        Column("service", String(200), nullable=False),
        Column("client", String(40), nullable=False),
        Column("guideline", String(200), nullable=False),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("recommendation", String(200), nullable=False),
        Column("indicator", String(10), nullable=False),
    )
    op.create_index("card_recommendation", "card", ["recommendation"])
    op.create_table(
        "feedback",
        Column("card", String(200), primary_key=True),
        Column("service", String(200), primary_key=True),
        Column("client", String(40), primary_key=True),
        Column("outcome", String(10), nullable=False),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("accepted", JSON, nullable=False),
        Column("reason", JSON),
        Column("comment", String),
    )
    op.create_table(
        "used_token",
        Column("key", String(64), primary_key=True),
        Column("expires", DateTime(timezone=True), nullable=False),
    )
    op.create_index("used_token_expires", "used_token", ["expires"])
