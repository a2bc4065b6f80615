"""A scenario in a Postgres database: a schema of its own, in one transaction."""
