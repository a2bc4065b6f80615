"""The connection to a Postgres server: it ends when told to, and when nothing comes back."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from healthsim.errors import HealthSimError, Refused, StorageError
from healthsim.exports.postgres.address import Address, driver
from healthsim.watching import stoppable

if TYPE_CHECKING:
    from psycopg import Connection

SHORT = 60.0
"""Seconds that a server may take for a statement of no rows, or to take some rows in."""

LONG = 1_800.0
"""Seconds that it may take for a primary key or the end of the transaction."""

WHERE = "database"
"""Where problems are that the server tells."""

_LOOK = 0.2  # seconds between two looks at the deadline
_CANCELLING = 2.0  # seconds that a server gets to stop what it does
_UNTOUCHED = "nothing was written"
_IN_DOUBT = "it was lost as all was sent: see whether the schema is there"


class Link:
    """An open connection with a deadline for whatever it waits for.

    Attributes:
        connection: of psycopg.
        late: whether it was ended because nothing came back.
        outcome: what an error now means for what was sent, in words.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self.late = False
        self.outcome = _UNTOUCHED
        self._until = time.monotonic() + SHORT
        self._ended = Event()
        self._seconds = SHORT
        self._watcher = Thread(target=self._watch, name="healthsim-postgres", daemon=True)
        self._watcher.start()

    def allow(self, seconds: float) -> None:
        """Let what comes next take so long."""
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def run(self, statement: Any, seconds: float = SHORT, values: Any = None) -> list[Any]:
        """Run a statement; return its rows, if it has any."""
        self.allow(seconds)
        done = self.connection.execute(statement, values)
        return done.fetchall() if done.description else []

    def commit(self) -> None:
        """End the transaction; from here on an error leaves open what came of it."""
        self.allow(LONG)
        self.outcome = _IN_DOUBT
        self.connection.commit()

    @property
    def seconds(self) -> float:
        """Seconds that the last thing could take."""
        return self._seconds

    def cancel(self) -> None:
        """Ask the server to stop, and hang up."""
        with suppress(Exception):  # it does not answer: hanging up suffices
            self.connection.cancel_safe(timeout=_CANCELLING)
        self.hang_up()

    def hang_up(self) -> None:
        """End the connection from another thread; a server then undoes what is not committed."""
        with suppress(Exception):
            line = socket.fromfd(self.connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
            line.shutdown(socket.SHUT_RDWR)
            line.close()

    def close(self) -> None:
        """Stop watching, and close the connection."""
        self._ended.set()
        self._watcher.join()
        with suppress(Exception):
            self.connection.close()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            if time.monotonic() > self._until:
                self.late = True
                self.hang_up()


@contextmanager
def linked(address: Address) -> Iterator[Link]:
    """Open a connection in a transaction that is committed only if the block does it.

    Raises:
        Refused: the server refuses: the login, a right, what the block asks.
        StorageError: it does not answer, or cannot do it: its disk is full, a table is locked.
        Cancelled: whoever watches has told it to stop.
    """
    psycopg = driver()
    try:
        connection = psycopg.connect("", **address.parameters)
    except psycopg.Error as error:
        raise _unreachable(address, error) from None
    link = Link(connection)
    try:
        with stoppable(link.cancel):
            yield link
    except HealthSimError:
        raise
    except psycopg.Error as error:
        raise _explained(address, link, error) from None
    finally:
        link.close()


def _unreachable(address: Address, error: Exception) -> HealthSimError:
    """Say why there is no connection."""
    psycopg = driver()
    said = address.masked(str(error))
    if isinstance(error, psycopg.errors.ConnectionTimeout) or "timeout expired" in said:
        seconds = address.parameters.get("connect_timeout", "?")
        return StorageError(
            WHERE, f"it did not answer within {seconds} seconds; {_UNTOUCHED}",
            "see whether host and port are right and the server is up; connect_timeout in the "
            "address waits longer",
        )  # fmt: skip
    if any(words in said for words in ("authentication failed", "no password supplied", "pg_hba")):
        return Refused(
            WHERE, f"it refused the login ({said}); {_UNTOUCHED}",
            "check user and password: PGPASSWORD, a password file (~/.pgpass) or the address",
        )  # fmt: skip
    return StorageError(
        WHERE, f"it cannot be reached ({said}); {_UNTOUCHED}",
        "check host, port, database and user of the address, and that the server is up",
    )  # fmt: skip


def _explained(address: Address, link: Link, error: Any) -> HealthSimError:
    """Say what an error in the middle of the work means."""
    errors = driver().errors
    said = address.masked(str(error))
    if link.late:
        found = f"it did not answer for {link.seconds:g} seconds"
        return StorageError(
            WHERE, f"{found}; {link.outcome}", "see what the server does, and repeat"
        )
    known = (
        (errors.DiskFull, "its disk is full", "free space there, or export less"),
        (errors.LockNotAvailable, "somebody else uses the tables of the schema",
         "end what uses them, or export under another name (--schema)"),
        (errors.QueryCanceled, f"it stopped the work ({said})", "raise its limits, and repeat"),
        (errors.OutOfMemory, "it has too little memory", "export less, or give it more"),
    )  # fmt: skip
    for kind, found, mend in known:
        if isinstance(error, kind):
            return StorageError(WHERE, f"{found}; {link.outcome}", mend)
    refused = (
        (errors.InsufficientPrivilege, f"it refused ({said})",
         "an owner gives the right: GRANT CREATE ON DATABASE … TO …"),
        (errors.DuplicateSchema, "somebody else has just made a schema of that name",
         "choose another name (--schema), or say --replace"),
        (errors.DependentObjectsStillExist, f"something depends on the old tables ({said})",
         "drop what depends on them, or choose another name (--schema)"),
        (errors.UniqueViolation, f"a key is there twice ({said})",
         "verify the scenario: its file was changed"),
    )  # fmt: skip
    for kind, found, mend in refused:
        if isinstance(error, kind):
            return Refused(WHERE, f"{found}; {link.outcome}", mend)
    return StorageError(WHERE, f"it failed ({said}); {link.outcome}", "mend that there, and repeat")
