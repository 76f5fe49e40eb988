"""Alembic's entry: run the steps on the connection that `cds.decisions.migrate` gives."""

from alembic import context

from cds.decisions.store import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
