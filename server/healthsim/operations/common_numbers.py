"""Says whether two scenarios are made of the same random numbers, and of the same people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from healthsim.persistence.differences import Differences
    from healthsim.persistence.scenario import Manifest

FACES = ("patients", "members")
"""Tables that say who somebody is; the first that both files have is asked."""

IDENTITY = ("gender", "birth_date", "race", "given_name", "family_name")
"""Columns that say who somebody is: with another value, an id means somebody else."""

_NAMED_FIGURES = 3  # asked figures that are named in a sentence


@dataclass(frozen=True, slots=True)
class Identities:
    """How many of the people who are in both are somebody else in each.

    Attributes:
        in_both: people with the same person_id.
        others: those of whom a column of `IDENTITY` differs.
        renamed: those of them of whom more differs than the birth date.
        columns: how many by column, in the order of `IDENTITY`; those that differ.
        known: whether both files say who people are.
    """

    in_both: int
    others: int = 0
    renamed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    known: bool = True

    @property
    def strangers(self) -> bool:
        """Whether most are somebody else: then nobody's story tells what a change did.

        People who are only older or younger are not: other ages may be what was asked for.
        """
        return self.renamed * 2 > self.in_both

    @property
    def shown(self) -> str:
        """The columns that differ, with how many people."""
        return ", ".join(f"{name} {people}" for name, people in self.columns.items())


def identities(found: Differences) -> Identities:
    """Count the people who are in both and not the same."""
    in_both = found.people.in_both
    for face in FACES:
        others, columns = found.changed_in(face, IDENTITY)
        if columns:
            changed = {name: people for name, people in columns.items() if people}
            renamed, _ = found.changed_in(face, [name for name in IDENTITY if name != "birth_date"])
            return Identities(in_both, others, renamed, changed)
    return Identities(in_both, known=False)


def say_common(
    manifests: tuple[Manifest, Manifest],
    people: Identities,
    lines: Sequence[str],
    asked: Sequence[Sequence[Any]],
) -> str:
    """Say whether both are made of the same random numbers, and what follows from that.

    Args:
        manifests: of the scenario before and of the one after.
        people: who is the same in both.
        lines: where the specifications differ.
        asked: rows of what, asked before, asked after, got before, got after.
    """
    before, after = manifests
    if before.digest == after.digest:
        return "Both hold the same rows."
    apart = _apart(before, after)
    if before.seed != after.seed:
        return (
            f"No common random numbers ({'; '.join(apart)}): a person_id means another person in "
            "each, and most of what differs is chance. Compare shares and means, not people."
        )
    if not people.in_both:
        return f"The same seed {before.seed}, but no person is in both."
    if people.strangers:
        return (
            f"The same seed {before.seed}, but {people.others} of {people.in_both} people are "
            f"others ({people.shown}): they are specified otherwise, and a person_id means another "
            f"person in each. Compare shares and means, not people.{_regrown(before, after)}"
        )
    if apart:
        return (
            f"The same seed {before.seed}, but {'; '.join(apart)}: that alone may change rows. To "
            "see the specification's part, run both with this version and these imports."
        )
    return (
        f"Common random numbers (seed {before.seed}, engine {before.engine_version})"
        f"{_who(people)}; what differs follows from the specification lines, not from chance."
        f"{_by_chance(lines, asked)}{_regrown(before, after)}{drawn_anew(lines)}"
    )


def _apart(before: Manifest, after: Manifest) -> list[str]:
    """Return what else than the specification may make rows differ."""
    apart = []
    if before.seed != after.seed:
        apart.append(f"seed {before.seed} and {after.seed}")
    if before.engine_version != after.engine_version:
        apart.append(f"engine {before.engine_version} and {after.engine_version}")
    return apart + [
        f"imported {name}"
        for name in sorted({*before.references, *after.references})
        if before.references.get(name) != after.references.get(name)
    ]


def _who(people: Identities) -> str:
    if not people.known:
        return ": the same person_ids"
    if not people.others:
        return ": the same people"
    same = people.in_both - people.others
    return (
        f", but {people.others} of {people.in_both} people differ in who they are "
        f"({people.shown}), specified otherwise{f'; the other {same} are the same' if same else ''}"
    )


def _by_chance(lines: Sequence[str], asked: Sequence[Sequence[Any]]) -> str:
    """Say which asked shares changed: how many come under them is still drawn."""
    if all(line.startswith("count: ") for line in lines):
        return ""
    names = [
        str(row[0])
        for row in asked
        if row[1] != row[2] and any(isinstance(side, float) for side in row[1:3])
    ]
    if not names:
        return ""
    more = f" and {len(names) - _NAMED_FIGURES} more" if len(names) > _NAMED_FIGURES else ""
    return (
        " But how many come under an asked share that itself changed "
        f"({', '.join(names[:_NAMED_FIGURES])}{more}) varies by chance: what was got need not "
        "move as far as what was asked."
    )


def drawn_anew(lines: Sequence[str]) -> str:
    """Say when steps or journeys went and others came: a random number belongs to a name."""
    of_journeys = [line for line in lines if line.startswith("journey")]
    came = any(": nothing -> {" in line for line in of_journeys)
    went = any(": {" in line and line.endswith(" -> nothing") for line in of_journeys)
    return " A step or journey under another name draws its numbers anew." if came and went else ""


def _regrown(before: Manifest, after: Manifest) -> str:
    """Say when a count differs and the first people are not the same for it."""
    if before.count == after.count:
        return ""
    text = f"{before.profile}{after.profile}"
    if '"sampling":"balanced"' in text or '"exactly":{' in text or '"exactly":[' in text:
        return " But counts are exact or balanced: with another count, others meet them."
    return f" The first {min(before.count, after.count):,} are in both."
