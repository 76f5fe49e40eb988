"""Let SQLite take compressed records; those that are there stay as they are and are read as before."""

from alembic import op
from sqlalchemy import LargeBinary

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Change the type of the column; PostgreSQL compresses what is long by itself."""
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("decision") as table:
            table.alter_column("record", type_=LargeBinary, existing_nullable=False)
