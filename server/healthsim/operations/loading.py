"""Takes a scenario into a database that a person names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from healthsim.exports import EVERYBODY, Filter
from healthsim.operations import scenarios
from healthsim.persistence.judgement import judge

if TYPE_CHECKING:
    from healthsim.exports.postgres.loading import Loaded
    from healthsim.operations.home import Home


def load(
    home: Home,
    name: str,
    to: str = "",
    schema: str = "",
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
    *,
    replace: bool = False,
) -> Loaded:
    """Write a scenario into a Postgres database, as a person says it on the command line.

    Args:
        home: the home folder.
        name: of the scenario.
        to: address of the database; empty for the environment's.
        schema: what the schema is called; as the scenario, if empty.
        tables: names of the tables to write; all of them when empty.
        chosen: whose rows to write.
        replace: whether a schema of that name that an export made is replaced.

    Raises:
        NotFound: no such scenario or table, with near matches.
        Refused: an option cannot be read, the driver is missing, or the server refuses.
        StorageError: the scenario cannot be read, or the server does not answer or fails.
    """
    from healthsim.exports.postgres import address, loading  # noqa: PLC0415  duckdb is heavy

    path = scenarios.path(home, name)
    judge(path)
    database = address.address(to)
    return loading.load(path, name, database, schema, tables, chosen, replace=replace)


def load_of_tool(
    home: Home, name: str, tables: Sequence[str] = (), chosen: Filter = EVERYBODY
) -> Loaded:
    """Write a scenario into the one database that the person who started the server has named.

    A model can name no other, and replaces nothing there.

    Raises:
        Refused: none is named, or there is a schema of the scenario's name; as `load` otherwise.
    """
    from healthsim.exports.postgres import address, loading  # noqa: PLC0415  duckdb is heavy

    path = scenarios.path(home, name)
    judge(path)
    return loading.load(path, name, address.address_of_tool(), "", tables, chosen)
