"""Deaths: of what, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, whole_years
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.charted_deaths import as_charted, as_known
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.medicine.mortality import (
    SEXES,
    TERM,
    background_causes,
    cause_band,
    combined_factor,
    condition_factors,
    faded,
    place_band,
    places_of_death,
)
from healthsim.specification.journeys.events import Death
from healthsim.tables import Coded

_FACILITIES = {  # where somebody dies who is in a visit of the class; the first that holds
    "inpatient": "hospital", "observation": "hospital", "emergency": "emergency",
    "snf": "nursing_facility", "outpatient_hospital": "hospital", "dialysis": "outpatient",
    "asc": "outpatient",
}  # fmt: skip
_ACUTE = ("observation", "inpatient", "emergency")
_LEAST = 1e-12
_UNSAID = ("R", "S", "T", "V", "W", "X", "Y", "Z")
"""Chapters of ICD-10-CM that are no cause of death, or whose categories differ from ICD-10's."""


@dataclass(frozen=True)
class Deaths:
    """Everybody of a chunk who died within the data; arrays have one entry for each of them.

    Attributes:
        rows: ascending positions in the chunk.
        days: int32.
        age: whole years on that day, int32.
    """

    ctx: SyncContext
    rows: Rows
    days: Days
    age: NDArray[np.int32]

    @classmethod
    def of(cls, ctx: SyncContext) -> Deaths:
        """Return the deaths of a chunk."""
        death, birth = ctx.record.death, ctx.people.birth
        rows = np.flatnonzero((death <= ctx.through) & (death >= birth) & (birth <= ctx.through))
        return cls(ctx, rows, death[rows], whole_years(birth[rows], death[rows]))

    def of_chunk(self, texts: Coded) -> Coded:
        """Return a text for everybody of the chunk; no value for those who live."""
        codes = np.full(len(self.ctx.people), -1, dtype=np.int32)
        codes[self.rows] = texts.codes
        return Coded(codes, texts.vocabulary)

    def causes(self) -> Coded:
        """Return the underlying causes: stated, that of the stay, of a condition, or usual."""
        words: dict[str, int] = {}
        codes = self._usual_causes(words)
        for visit in self.ctx.visits.values():
            if visit.details.encounter_class in _ACUTE:
                self._set_visit_causes(visit, codes, words)
        for source in self.ctx.of_type(Death):
            cause = source.step_as(Death).details.cause
            if cause is not None:
                self._set_stated_causes(np.isin(self.rows, source.rows), cause, codes, words)
        return Coded(codes, tuple(words))

    def _set_stated_causes(
        self, who: NDArray[np.bool_], cause: str, codes: NDArray[np.int32], words: dict[str, int]
    ) -> None:
        """Let some have died of what a journey states, of a cancer by their own code."""
        at = np.flatnonzero(who)
        known, named = as_known(self.ctx.record, self.rows[at], self.days[at], cause)
        codes[at] = np.array([_position(words, word) for word in named], dtype=np.int32)[known]

    def _set_visit_causes(
        self, visit: VisitRows, codes: NDArray[np.int32], words: dict[str, int]
    ) -> None:
        """Let those who died during a visit have died of its first diagnosis."""
        first = [listed[0] if listed else "R99" for listed in visit.diagnoses.lists]
        category = [-1 if code.startswith(_UNSAID) else _position(words, code[:3])
                    for code in first]  # fmt: skip
        within = np.flatnonzero(self._within(visit))
        chosen = visit.diagnoses.chosen[visit.position_of(self.rows[within])]
        of_visit = np.array(category, dtype=np.int32)[chosen]
        codes[within] = np.where(of_visit >= 0, of_visit, codes[within])

    def places(self) -> Coded:
        """Return where they died: in the facility where they were, or where people usually do."""
        places, shares = places_of_death()
        words = (*places, *dict.fromkeys(word for word in _FACILITIES.values()
                                         if word not in places))  # fmt: skip
        u = self.ctx.record.draws.uniform("mortality/place", self.rows)
        codes = (u[:, None] >= shares[place_band(self.age)]).sum(axis=1).astype(np.int32)
        for encounter_class, word in reversed(_FACILITIES.items()):
            for visit in self.ctx.visits.values():
                if visit.details.encounter_class == encounter_class:
                    codes[self._within(visit)] = words.index(word)
        return Coded(codes, words)

    def _within(self, visit: VisitRows) -> NDArray[np.bool_]:
        """Return who died during a visit, bool."""
        within = np.zeros(len(self.rows), dtype=np.bool_)
        _, mine, its = np.intersect1d(self.rows, visit.rows, return_indices=True)
        within[mine] = (visit.first[its] <= self.days[mine]) & (self.days[mine] <= visit.last[its])
        return within

    def _usual_causes(self, words: dict[str, int]) -> NDArray[np.int32]:
        """Draw causes: each condition has its part of the excess, the rest is by age and sex.

        Returns:
            int32, shape (n,): positions in `words`, which gets the causes that are possible.
        """
        u = self.ctx.record.draws.uniform("mortality/cause", self.rows)
        held = self._held()
        total = combined_factor(held, self.age)
        part = np.stack([
            (held >> np.int64(number) & 1) * (faded(one.factor, self.age) - 1)
            for number, one in enumerate(condition_factors())
        ])  # fmt: skip
        excess = (total - 1) / total
        edges = np.cumsum(part, axis=0) / np.maximum(part.sum(axis=0), _LEAST)
        mine = (u / np.maximum(excess, _LEAST) >= edges).sum(axis=0)
        due = (u < excess) & (mine < len(part))
        left = np.where(due, 0.0, (u - excess) / np.maximum(1 - excess, _LEAST))
        causes, _ = background_causes()
        other = (left[:, None] >= self._shares_of_causes()).sum(axis=1)
        own = [_position(words, one.cause) for one in condition_factors()]
        usual = [_position(words, cause) for cause in causes]
        by_condition = np.array(own, dtype=np.int32)[np.minimum(mine, len(own) - 1)]
        by_age = np.array(usual, dtype=np.int32)[np.minimum(other, len(usual) - 1)]
        return self._charted(np.where(due, by_condition, by_age).astype(np.int64), words)

    def _charted(self, cause: NDArray[np.int64], words: dict[str, int]) -> NDArray[np.int32]:
        """Return causes without the chronic diseases that the dead did not have."""
        causes, _ = background_causes()
        usual = np.diff(self._shares_of_causes(), axis=1, prepend=0.0)
        shares = np.zeros((len(self.rows), len(words)))
        shares[:, [words[one] for one in causes]] = usual
        charted, named = as_charted(
            self.ctx.record, self.rows, self.days, cause, tuple(words), shares
        )
        for word in named:
            _position(words, word)
        return charted.astype(np.int32)

    def _shares_of_causes(self) -> NDArray[np.float64]:
        """Return the cumulative shares of usual causes by age, sex and gestation, (n, causes)."""
        at = self._sexes(), cause_band(self.age)
        (_, usual), (_, at_term) = background_causes(), background_causes(at_term=True)
        term = self.ctx.record.body.size.gestation_weeks(self.rows) >= TERM
        shares: NDArray[np.float64] = np.where(term[:, None], at_term[at], usual[at])
        return shares

    def _sexes(self) -> NDArray[np.int64]:
        """Return the position of everyone's sex among those of the tables, int64."""
        gender = self.ctx.people.gender
        known = [SEXES.index(word) if word in SEXES else len(SEXES) for word in gender.vocabulary]
        return np.array([*known, len(SEXES)], dtype=np.int64)[gender.codes[self.rows]]

    def _held(self) -> NDArray[np.int64]:
        """Return the bits of the conditions of the dead that have a factor, int64."""
        mortality = self.ctx.record.mortality
        if mortality is None:
            return np.zeros(len(self.rows), dtype=np.int64)
        return mortality.held[self.rows]


def _position(words: dict[str, int], word: str) -> int:
    """Return the position of a word among others; a new one comes last."""
    return words.setdefault(word, len(words))
