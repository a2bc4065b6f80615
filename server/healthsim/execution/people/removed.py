"""Since when operations have left people without conditions."""

from __future__ import annotations

import numpy as np

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER


class RemovedConditions:
    """The first day on which each person of a chunk is without what an operation removed.

    Args:
        people: size of the chunk.
    """

    def __init__(self, people: int) -> None:
        self._people = people
        self._since: dict[str, Days] = {}

    def add(self, prefix: str, rows: Rows, days: Days) -> None:
        """Note an operation.

        Args:
            prefix: beginning of the ICD-10-CM codes that it removed.
            rows: whose operation it was.
            days: int32, their first day without the condition.
        """
        never = np.full(self._people, FOREVER, dtype=np.int32)
        since = self._since.setdefault(prefix, never)
        since[rows] = np.minimum(since[rows], days)

    def since(self, code: str) -> Days | None:
        """Return everyone's first day without a code, int32; `FOREVER` where none, None for all."""
        found = [days for prefix, days in self._since.items() if code.startswith(prefix)]
        return np.minimum.reduce(found) if found else None
