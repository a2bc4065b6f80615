"""One family of errors: each says where, what was found and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, as a sentence that a person or a model can act on.

    >>> str(Problem("demographics.gender", "weights add up to 0.96, not 1", "add the missing 0.04"))
    'demographics.gender: weights add up to 0.96, not 1; add the missing 0.04'
    """

    where: str
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; {self.mend}"


class HealthSimError(Exception):
    """Anything that went wrong and that the caller can mend."""

    def __init__(self, where: str, found: str, mend: str) -> None:
        super().__init__(f"{where}: {found}; {mend}")
        self.problem = Problem(where, found, mend)


class SpecError(HealthSimError):
    """A specification asks for something that cannot be generated.

    Carries every problem that was found, not only the first.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.where, first.found, first.mend)
        self.args = ("\n".join(str(problem) for problem in self.problems),)


class NotFound(HealthSimError):  # noqa: N818
    """A name that nothing carries: a scenario, template, spec, run, table or attribute."""


class Refused(HealthSimError):  # noqa: N818
    """A request that is understood and not allowed."""


class StorageError(HealthSimError):
    """The home folder or one of its files cannot be used."""


class Cancelled(HealthSimError):  # noqa: N818
    """A run was asked to stop, and did."""


def near(name: str, known: Iterable[str], most: int = 3) -> str:
    """Suggest the known names most like `name`, as the tail of an error message.

    >>> near("agee", ["age", "gender"])
    "did you mean 'age'?"
    >>> near("xyz", ["age", "gender"])
    'known: age, gender'
    """
    names = sorted(set(known))
    matches = get_close_matches(name, names, n=most, cutoff=0.7)
    if matches:
        return f"did you mean {' or '.join(repr(match) for match in matches)}?"
    shown = ", ".join(names[:25])
    return f"known: {shown}{', …' if len(names) > 25 else ''}" if names else "there are none yet"
