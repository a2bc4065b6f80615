"""Format numbers: which form a stored document has, and the numbered steps to today's form.

The format is not the author's `version`. It changes when HealthSim changes how a document is
written, and then a step is added here or with the documents it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from healthsim.errors import Problem, quoted

Document = Mapping[str, Any]
Migration = Callable[[Document], Document]

FIRST = 1
"""The format of documents without a number: they were written before there was one."""


@dataclass(frozen=True)
class Formats:
    """The formats of one kind of document.

    Attributes:
        what: what the documents are, in the plural, for errors.
        steps: number of a format -> how one of its documents becomes one of the next format.
        oldest: the oldest format that can still be read.
    """

    what: str
    steps: Mapping[int, Migration]
    oldest: int = FIRST

    @property
    def current(self) -> int:
        """The format that this version of HealthSim writes."""
        return max(self.steps, default=self.oldest - 1) + 1

    def problem(self, number: object, where: str) -> Problem | None:
        """Return why a document of this format cannot be read, or None where it can.

        Args:
            number: the document's own format number, as it was found.
            where: the path of the number, for the error.
        """
        if not isinstance(number, int) or isinstance(number, bool) or number < FIRST:
            mend = f"use a whole number from {self.oldest} to {self.current}"
            return Problem(where, f"is {quoted(number)}, not a format number", mend)
        if number > self.current:
            return Problem(
                where,
                f"is {quoted(number)}, and this version of HealthSim reads {self.what} up to "
                f"format {self.current}",
                "install the version of HealthSim that wrote it, or a newer one",
            )
        missing = [step for step in range(number, self.current) if step not in self.steps]
        if number < self.oldest or missing:
            return Problem(
                where,
                f"is {quoted(number)}, and this version of HealthSim reads {self.what} from format "
                f"{self.oldest}",
                "read it with an older version of HealthSim and save it again there",
            )
        return None

    def migrate(self, document: Document, number: int) -> Document:
        """Return a document in today's format, step by step; `problem` has accepted its number.

        >>> two = Formats("notes", {1: lambda note: {**note, "lines": [note["line"]]}})
        >>> two.current, two.migrate({"line": "a"}, 1)["lines"]
        (2, ['a'])
        """
        for step in range(number, self.current):
            document = self.steps[step](document)
        return document
