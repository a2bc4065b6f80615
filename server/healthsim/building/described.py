"""What a request says of its people, as far as it is certain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from healthsim.building.ledger import Span


@dataclass
class Fact:
    """One thing that a request says.

    Attributes:
        kind: a field of `Described`.
        key: the value, or what the share is of.
        share: of the people; None where none was said.
        spans: the tokens that say it.
        vague: the words, where the share is one of "mostly" or "the rest".
    """

    kind: str
    key: Any
    share: float | None
    spans: tuple[Span, ...]
    vague: str = ""


@dataclass
class Described:
    """What a request or the typed arguments say, by kind.

    Attributes:
        states, sexes, conditions, plans: the share of each; None where no share was said.
        counties: names or FIPS codes as written with the state's code, and their shares.
        metros: the titles that a name may mean, and their shares.
        topics: templates whose topic is named.
        born: first and last year, month or day of birth.
        bell: mean and standard deviation of the ages, where those are said.
        aged: whether `ages` are those of a word such as "adults".
        vague: fields with a share that was a word ("mostly"), with the words.
        doubtful: facts that contradict each other: (fact, why).
    """

    text: str = ""
    facts: list[Fact] = field(default_factory=list)
    count: int | None = None
    payer: str | None = None
    payers: dict[str, float | None] = field(default_factory=dict)
    ages: tuple[int, int] | None = None
    bell: tuple[int, int] | None = None
    aged: bool = False
    born: tuple[str, str] | None = None
    states: dict[str, float | None] = field(default_factory=dict)
    sexes: dict[str, float | None] = field(default_factory=dict)
    conditions: dict[str, float | None] = field(default_factory=dict)
    drugs: dict[str, float] = field(default_factory=dict)
    prevalent: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    plans: dict[str, float | None] = field(default_factory=dict)
    control: str | None = None
    topics: list[str] = field(default_factory=list)
    healthy: bool = False
    newly: bool = False
    as_of: str | None = None
    through: str | None = None
    seed: int | None = None
    template: str = ""
    journeys: list[str] = field(default_factory=list)
    save_as: str | None = None
    vague: dict[str, str] = field(default_factory=dict)
    exact: dict[str, int] = field(default_factory=dict)
    counties: dict[tuple[str, str], float | None] = field(default_factory=dict)
    metros: dict[tuple[str, ...], float | None] = field(default_factory=dict)
    area: str | None = None
    doubtful: list[tuple[Fact, str]] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, facts: Iterable[Fact]) -> Described:
        """Put facts together; of facts that contradict each other none counts."""
        described = cls(text)
        by_kind: dict[str, list[Fact]] = {}
        for fact in facts:
            by_kind.setdefault(fact.kind, []).append(fact)
        for kind, group in by_kind.items():
            described._add(kind, group)
        return described

    def _add(self, kind: str, group: list[Fact]) -> None:
        if kind in _SHARED:
            self._add_shares(kind, group)
        elif kind in _LISTED:
            getattr(self, kind).extend(dict.fromkeys(fact.key for fact in group))
            self.facts += group
        elif kind == "save":
            self.facts += group
        elif kind == "exact":
            self.exact = {fact.key: int(fact.share or 0) for fact in group}
            self.facts += group
        else:
            self._add_single(kind, group)

    def _add_shares(self, kind: str, group: list[Fact]) -> None:
        said: dict[Any, float | None] = getattr(self, kind)
        for fact in group:
            if said.get(fact.key) is None:
                said[fact.key] = fact.share
            elif fact.share not in (None, said[fact.key]):
                self.doubtful.append((fact, "two shares of the same"))
                continue
            self.facts.append(fact)
            if fact.vague:
                self.vague[kind] = fact.vague

    def _add_single(self, kind: str, group: list[Fact]) -> None:
        values = list(dict.fromkeys(fact.key for fact in group))
        if kind == "aged" and len(values) > 1 and (together := self._together(group)):
            values = [together]
        if len(values) > 1 and kind == "payer" and self._is_mix(group):
            return
        if kind == "payer" and any(fact.share not in (None, 1.0) for fact in group):
            self.doubtful += [(fact, "who pays for the others?") for fact in group]
            return
        if len(values) > 1 or (None in values and kind in ("payer", "count")):
            named = [_said(kind, value) for value in values if value is not None]
            asks = len(named) > 1 and kind != "count"  # several counts may be a sum, or parts
            why = f"which one: {' or '.join(named)}?" if asks else ""
            self.doubtful += [(fact, why) for fact in group]
            return
        field_name, value = {"aged": ("ages", values[0]), "healthy": ("healthy", True),
                             "newly": ("newly", True)}.get(kind, (kind, values[0]))  # fmt: skip
        if kind == "aged" and self.ages is not None:
            self.facts += group
            return
        self.aged = self.aged or kind == "aged"
        if kind == "ages":
            self.aged = False
        setattr(self, field_name, value)
        self.facts += group

    def _together(self, group: list[Fact]) -> tuple[int, int] | None:
        """Return the ages of a list of words, "kids and teenagers", if there is no gap in them."""
        starts = sorted((fact.spans[0], fact.key) for fact in group if fact.spans)
        for (one, _), (other, _) in pairwise(starts):
            if not _LISTED_AGES.fullmatch(self.text[one[1] : other[0]]):
                return None
        low, high = min(fact.key for fact in group)
        for first, last in sorted(fact.key for fact in group):
            if first > high + 1:
                return None
            high = max(high, last)
        return low, high

    def _is_mix(self, group: list[Fact]) -> bool:
        """Return whether payers are given with shares that make a whole."""
        if any(fact.share is None for fact in group):
            return False
        if abs(sum(fact.share or 0 for fact in group) - 1) > 0.001:
            return False
        self.payers = {fact.key: fact.share for fact in group}
        self.facts += group
        return True

    @property
    def says_who(self) -> bool:
        """Whether it describes any people."""
        return any(
            (self.payer, self.conditions, self.plans, self.healthy, self.ages, self.born,
             self.topics, self.prevalent)
        )  # fmt: skip


_LISTED_AGES = re.compile(r"\s*(?:(?:,\s*)?(?:and|or|&)|,|/)\s*", re.IGNORECASE)


def _said(kind: str, value: Any) -> str:
    """Say a value as people do.

    >>> _said("aged", (0, 17)), _said("payer", "medicare")
    ('ages 0 to 17', 'medicare')
    """
    if kind in ("aged", "ages", "born", "bell") and isinstance(value, tuple):
        link = " ± " if kind == "bell" else " to "
        return f"{'born' if kind == 'born' else 'ages'} {link.join(map(str, value))}"
    return str(value)


_SHARED = ("states", "sexes", "conditions", "plans", "counties", "metros")
_LISTED = ("topics", "prevalent", "without", "journeys")
