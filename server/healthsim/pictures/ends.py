"""What changed between two ends of time: said of those alone who were measured at both."""

from __future__ import annotations

from dataclasses import dataclass

from healthsim.pictures.words import figure, people

_MUCH = 0.5  # of the people of the fuller end; where fewer were at both, the ends differ much


@dataclass(frozen=True, slots=True)
class Ends:
    """One group at the first and the last time that are drawn.

    Attributes:
        group: its name; empty where there is one group of all.
        first, last: people measured at the first time, and at the last; 0: there is one time.
        both: people measured at both.
        at_first: the middle of everybody measured at the first time; `at_last`: at the last.
        from_, to: the middle at both times of those who were measured at both.
    """

    group: str
    first: int
    last: int
    both: int
    at_first: float
    at_last: float
    from_: float | None
    to: float | None

    @property
    def alike(self) -> bool:
        """Whether most people of one end are those of the other."""
        return self.both >= _MUCH * max(self.first, self.last)

    @property
    def short(self) -> str:
        """Say it for a title: a change only where the same people show it."""
        of = f" ({self.group})" if self.group else ""
        if not self.last:
            return f"{figure(self.at_first)}{of}"
        if self.alike:
            return f"{self._change}{of}{self._of_whom}"
        begins = f"{figure(self.at_first)} at the start{of}"
        if self.last < self.first:
            return f"{begins}; later only {self.last:,} of {people(self.first)} were measured"
        return f"{begins}; others were measured later"

    @property
    def long(self) -> str:
        """Say it with all numbers of people."""
        of = f" ({self.group})" if self.group else ""
        if not self.last:
            return f"{figure(self.at_first)}{of} of {people(self.first)}"
        if self.alike:
            return f"{self._change}{of}{self._of_whom}"
        ends = (f"{figure(self.at_first)} at the start of {people(self.first)} and "
                f"{figure(self.at_last)} at the end of {people(self.last)}{of}")  # fmt: skip
        if not self.both:
            return f"{ends}, of whom none was measured at both"
        return f"{ends}; {self._change} of the {self.both:,} measured at both"

    @property
    def _change(self) -> str:
        return f"{figure(self.from_ or 0.0)} → {figure(self.to or 0.0)}"

    @property
    def _of_whom(self) -> str:
        whole = self.both == self.first == self.last
        return "" if whole else f", of the {self.both:,} measured at both ends"
