"""What a mutation run says: a line for each mutant, and figures by room."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mutation.choice import room_of
from mutation.explained import Key, key_of
from mutation.places import Place
from mutation.source import Source
from mutation.trial import KILLED, Outcome

EXPLAINED = "explained"


@dataclass(frozen=True)
class Tried:
    """A mutant that has been tried, as it is reported."""

    number: int
    place: Place
    source: Source
    outcome: Outcome

    @property
    def key(self) -> Key:
        """What it is known by."""
        return key_of(self.place, self.source)

    @property
    def killed(self) -> bool:
        """Whether a test noticed it."""
        return self.outcome.verdict == KILLED

    def text(self, reasons: dict[Key, str]) -> str:
        """Return its lines: where, what, and what became of it."""
        before, after = self.place.shown(self.source.data)
        outcome, reason = self.outcome, reasons.get(self.key, "")
        if outcome.verdict == KILLED:
            became = f"killed by {outcome.by}"
        elif reason:
            became = f"{outcome.verdict}, explained: {reason}"
        else:
            became = f"{outcome.verdict.upper()} ({outcome.tests} tests"
            became += f", {outcome.left_out} beyond the budget)" if outcome.left_out else ")"
        where = f"{self.place.path}:{self.place.line} {self.place.qualname}"
        return (
            f"{self.number:4} {where} [{self.place.kind}] {outcome.seconds:.0f} s\n"
            f"     - {before}\n     + {after}\n     {became}"
        )


def figures(tried: list[Tried], reasons: dict[Key, str]) -> str:
    """Return the figures of a run as a table, rooms below each other."""
    counts: dict[str, Counter[str]] = {}
    for one in tried:
        verdict = one.outcome.verdict
        if verdict != KILLED:
            verdict = EXPLAINED if one.key in reasons else "survived"
        for room in (room_of(one.place), "all"):
            counts.setdefault(room, Counter())[verdict] += 1
    lines = [
        f"{'room':12} {'mutants':>8} {'killed':>8} {'explained':>10} {'survived':>9} {'share':>7}"
    ]
    for room in sorted(counts, key=lambda one: (one == "all", one)):
        of = counts[room]
        share = of[KILLED] / of.total()
        lines.append(
            f"{room:12} {of.total():8} {of[KILLED]:8} {of[EXPLAINED]:10} {of['survived']:9} "
            f"{share:7.1%}"
        )
    return "\n".join(lines)


def stale(tried: list[Tried], reasons: dict[Key, str]) -> list[str]:
    """Return the explained mutants that a test kills: their explanation is wrong or out of date."""
    return [
        f"{' | '.join(one.key)} (by {one.outcome.by})"
        for one in tried
        if one.key in reasons and one.killed
    ]
