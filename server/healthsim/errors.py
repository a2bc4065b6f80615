"""One family of errors: each says where, what was found and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Any


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
        """Return it whole, but for parts that are too long: what was sent may not hide the mend."""
        return (
            f"{cut(self.where, _LONGEST_PLACE)}: {cut(self.found, _LONGEST_FOUND)}; "
            f"{cut(self.mend, _LONGEST_MEND)}"
        )


_LONGEST_PLACE, _LONGEST_FOUND, _LONGEST_MEND = 200, 1_500, 3_000  # characters
_MOST_PROBLEMS = 30  # that are shown at once
_LONGEST_QUOTE = 80  # characters of what was sent


def cut(text: str, most: int) -> str:
    """Return a text, or its beginning and how long it is.

    >>> cut("abcdef", 6), cut("abcdef", 3)
    ('abcdef', 'abc… (6 characters)')
    """
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def quoted(value: object, most: int = _LONGEST_QUOTE) -> str:
    """Return what was sent as an error quotes it: null, true and false, and no long text whole.

    >>> quoted(None), quoted("it"), quoted("abcdef", 3)
    ('null', "'it'", "'abc…' (6 characters)")
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str) and len(value) > most:
        return f"{value[:most] + '…'!r} ({len(value):,} characters)"
    return cut(repr(value), 2 * most)


class HealthSimError(Exception):
    """Anything that went wrong and that the caller can mend."""

    def __init__(self, where: str, found: str, mend: str) -> None:
        self.problem = Problem(where, found, mend)
        super().__init__(str(self.problem))

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process makes it again."""
        return type(self), (self.problem.where, self.problem.found, self.problem.mend)


class SpecError(HealthSimError):
    """A specification asks for something that cannot be generated.

    Carries every problem that was found, not only the first.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.where, first.found, first.mend)
        lines = [str(problem) for problem in self.problems[:_MOST_PROBLEMS]]
        if len(self.problems) > len(lines):
            lines.append(f"{len(self.problems):,} problems in all; mend these first")
        self.args = ("\n".join(lines),)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process makes it again, with all its problems."""
        return type(self), (self.problems,)


class NotFound(HealthSimError):  # noqa: N818
    """A name that nothing carries: a scenario, template, spec, run, table or attribute."""


class Refused(HealthSimError):  # noqa: N818
    """A request that is understood and not allowed."""


class StorageError(HealthSimError):
    """The home folder or one of its files cannot be used."""


class WorkerDied(StorageError):  # noqa: N818
    """A worker ended while it worked on a task; what others have made stays."""


class Cancelled(HealthSimError):  # noqa: N818
    """A run was asked to stop, and did."""


def near(name: str, known: Iterable[str], most: int = 3) -> str:
    """Suggest the known names most like `name`, as the tail of an error message.

    >>> near("agee", ["age", "gender"])
    "did you mean 'age'?"
    >>> near("surgery", ["general surgery", "neurosurgery"])
    "did you mean 'general surgery' or 'neurosurgery'?"
    >>> near("xyz", ["age", "gender"])
    'known: age, gender'
    """
    names = sorted(set(known))
    matches = alike(name, names)[:most]
    if matches:
        return f"did you mean {' or '.join(repr(match) for match in matches)}?"
    shown = ", ".join((nearest(name, names) if len(names) <= _RANKED else names)[:_LISTED])
    return f"known: {shown}{', …' if len(names) > _LISTED else ''}" if names else _NONE


_RANKED = 500  # names that are put in order by likeness: beyond, it takes too long
_LONGEST = 200  # characters of a name that are compared
_LISTED = 25  # names that are listed where none is like the one that was given
_NONE = "there are none yet"
_NEARLY, _ALIKE, _DISTANT = 0.9, 0.7, 0.5  # of the letters of two names, as difflib counts them


def alike(name: str, known: Sequence[str]) -> list[str]:
    """Return the known names that may be meant, the likeliest first.

    A name that differs in a letter or two is the one. Otherwise a name that holds every word of
    `name` comes first ("general ..." before the others, for it is what the bare word means), then
    one that is alike.
    """
    name = name[:_LONGEST]
    close = get_close_matches(name, known, n=3, cutoff=_ALIKE)
    nearly = [other for other in close if _likeness(name, other) >= _NEARLY]
    if nearly:
        return nearly
    words = _words(name)
    holding = [other for other in known if words and words <= _words(other)]
    holding.sort(key=lambda other: "general" not in _words(other))
    return list(dict.fromkeys([*holding, *close]))


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return all the known names: the most like `name` first, the others in their own order.

    >>> nearest("fill_share", ["drug", "refills", "first_fill_share"])
    ['first_fill_share', 'refills', 'drug']
    """
    listed, name = list(dict.fromkeys(known)), name[:_LONGEST]
    likeness = {
        other: _likeness(name, other) + 0.2 * len(_words(name) & _words(other)) for other in listed
    }
    return sorted(listed, key=lambda other: -likeness[other] * (likeness[other] >= _DISTANT))


def _likeness(name: str, other: str) -> float:
    return SequenceMatcher(None, other, name).ratio()


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", name.lower()))
