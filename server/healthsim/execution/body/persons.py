"""What is drawn once for a person, or for a person's day: ranks, drift, noise, responses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from healthsim.execution.body.collection import Collection
from healthsim.execution.people.draws import Draws
from healthsim.medicine.analytes import Analyte
from healthsim.medicine.courses import response
from healthsim.medicine.effects import Effect
from healthsim.medicine.setpoints import drift_noise, noise

Floats = NDArray[np.float64]
_PLACES = 6  # quantiles of the normal differ in their last bits between processors
_SEASON = 180  # days between two knots of the slow drift: assumption, half a year


class PersonalDraws:
    """Draws of the chunk's people for their bodies; what belongs to a person is kept."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._everyone = np.arange(draws.count)
        self._kept: dict[tuple[str, int], Floats] = {}
        self._responses: dict[str, Floats] = {}

    def rank(self, key: str) -> Floats:
        """Return everyone's place among people of their sex and age, a normal; float64."""
        return self._normals(f"physiology/{key}/set")

    def response(self, effect: Effect) -> Floats:
        """Return how strongly everyone of the chunk responds to an effect, float64, mean 1."""
        known = self._responses.get(effect.response)
        if known is None:
            known = response(self._normals(f"physiology/response/{effect.response}"))
            self._responses[effect.response] = known
        return known

    def shows(self, effect: Effect) -> NDArray[np.bool_]:
        """Return who of the chunk shows an effect that only a share of people shows; bool."""
        z = self._normals(f"physiology/share/{effect.response}/{effect.analyte}")
        shown: NDArray[np.bool_] = z < ndtri(effect.share)
        return shown

    def noise(self, analyte: Analyte, on: Collection) -> Floats:
        """Return the variation of each measurement around the set point, a normal; float64."""
        uniform = self._draws.at(f"physiology/{analyte.key}/noise", on.rows, on.pairs)
        quick = np.round(ndtri(uniform), _PLACES)
        if not analyte.drift:
            return noise(analyte, quick, None)
        return noise(analyte, quick, self._drift(analyte.key, on))

    def _drift(self, key: str, on: Collection) -> Floats:
        season, rest = np.divmod(on.days.astype(np.int64), _SEASON)
        before, after = np.empty(len(on)), np.empty(len(on))
        for number in np.unique(season).tolist():
            at = np.flatnonzero(season == number)
            rows = on.rows[at]
            before[at] = self._normals(f"physiology/{key}/drift", number)[rows]
            after[at] = self._normals(f"physiology/{key}/drift", number + 1)[rows]
        return drift_noise(before, after, rest / _SEASON)

    def _normals(self, decision: str, index: int = 0) -> Floats:
        known = self._kept.get((decision, index))
        if known is None:
            pairs = self._draws.pairs(self._everyone, index)
            known = np.round(ndtri(self._draws.at(decision, self._everyone, pairs)), _PLACES)
            self._kept[decision, index] = known
        return known
