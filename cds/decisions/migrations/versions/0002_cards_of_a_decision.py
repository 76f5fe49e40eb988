"""Find the cards of a decision, and the decisions of a client by time, without reading all of them."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("card_decision", "card", ["decision"])
    op.create_index("decision_client_time", "decision", ["client", "time"])
