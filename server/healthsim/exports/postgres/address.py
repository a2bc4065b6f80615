"""Which database: what a person or the environment says, and how it is told without a password."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from healthsim.errors import Refused

VARIABLE = "HEALTHSIM_POSTGRES"
"""The environment variable that names the database; the only one that the tool may use."""

_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE")
_CONNECT = "10"  # seconds until a server must have let us in
_USUAL: Mapping[str, str] = {
    "connect_timeout": _CONNECT,
    "application_name": "healthsim",
    "client_encoding": "utf8",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}
_OF_ENVIRONMENT: Mapping[str, str] = {
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "application_name": "PGAPPNAME",
}
_SHORTEST_SECRET = 3  # shorter ones are in every text
_LONGEST_SAID = 300
_MEND = (
    "write postgresql://USER@HOST:PORT/DATABASE; the password from PGPASSWORD or a password file "
    "(~/.pgpass) is better than in the address"
)


@dataclass(frozen=True)
class Address:
    """Where a database is.

    Attributes:
        parameters: libpq's, by name; what is not there comes from its environment.
    """

    parameters: Mapping[str, str] = field(repr=False)

    def masked(self, text: str) -> str:
        """Return the first line of what a server or driver says, without the password."""
        secrets = [self.parameters.get("password", ""), os.environ.get("PGPASSWORD", "")]
        said = next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                said = said.replace(secret, "***")
        return said[:_LONGEST_SAID]


def driver() -> Any:
    """Return the driver.

    Raises:
        Refused: it is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415  an extra, which few need
    except ImportError:
        raise Refused(
            "format", "postgres needs the driver psycopg, which is not installed",
            "install it with 'pip install healthsim[postgres]' "
            "(uvx --with 'healthsim[postgres]' healthsim …)",
        ) from None  # fmt: skip
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # errors are told by us
    return psycopg


def address(text: str = "") -> Address:
    """Return the database that a person names: an address, or the environment's where none.

    Args:
        text: ``postgresql://user@host/database`` or ``host=… dbname=…``; empty for
            `HEALTHSIM_POSTGRES`, else libpq's own variables (`PGHOST`, `PGSERVICE` and so on).

    Raises:
        Refused: it cannot be read, or there is none; the driver is not installed.
    """
    said, where = text.strip(), "--to"
    if not said:
        said, where = os.environ.get(VARIABLE, "").strip(), f"${VARIABLE}"
    if not said and not any(os.environ.get(name) for name in _LIBPQ):
        raise Refused("--to", "no database is named", f"{_MEND}; or set {VARIABLE} or PGHOST")
    return Address(_parameters(said, where))


def address_of_tool() -> Address:
    """Return the one database to which the tool may write.

    Raises:
        Refused: the person who started the server has named none, or it cannot be read; the
            driver is not installed.
    """
    said = os.environ.get(VARIABLE, "").strip()
    if not said:
        raise Refused(
            "format", "no database is open to this tool",
            f"the person who starts the server names it in {VARIABLE}, or runs 'healthsim export "
            "NAME --format postgres --to postgresql://…'; else choose the format duckdb or parquet",
        )  # fmt: skip
    return Address(_parameters(said, f"${VARIABLE}"))


def _parameters(said: str, where: str) -> Mapping[str, str]:
    """Return libpq's parameters of an address, with the usual ones where it is silent."""
    psycopg = driver()
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415  as above

    try:
        given = {name: str(value) for name, value in conninfo_to_dict(said).items()}
    except (psycopg.Error, UnicodeError):
        # What libpq says of it may quote the password.
        raise Refused(where, "is no address of a Postgres database", _MEND) from None
    usual = {
        name: value for name, value in _USUAL.items()
        if not os.environ.get(_OF_ENVIRONMENT.get(name, ""))
    }  # fmt: skip
    return {**usual, **given}
