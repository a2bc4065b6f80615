"""Race, ethnicity and language: drawn together, whichever of them a profile states.

A part that the profile leaves out is drawn given those parts of the three that are stated, given
the person's age, and given the place where the profile states a location. Two parts that are both
stated, without conditions, keep their shares and are as dependent as in the nation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.cohort.drawing import PartDraw, PartialCohort
from healthsim.execution.cohort.place_distributions import LabelsByPlace, label_edges
from healthsim.execution.people.draws import require_numbers, require_text
from healthsim.products.populationsim.figures import RACES
from healthsim.products.populationsim.languages import language_shares
from healthsim.products.populationsim.race import (
    ALL_AGES,
    BAND_YEARS,
    ETHNICITIES,
    national_cells,
)
from healthsim.products.populationsim.raking import raked
from healthsim.specification.distributions.kinds import Categorical, Constant, Distribution
from healthsim.specification.profiles.dependencies import GROUPS, is_usual
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded

Cells = NDArray[np.float64]
"""Shares of `ETHNICITIES` and `RACES`, the last two axes."""

_LABELS = {"ethnicity": ETHNICITIES, "race": RACES}


def group_draw(name: str, profile: ProfileSpec) -> PartDraw:
    """Return how race, ethnicity or language is drawn."""
    distribution: Distribution | None = getattr(profile.demographics, name)

    def draw(cohort: PartialCohort) -> None:
        if distribution is None or is_usual(profile, name):
            cohort.values[name] = _usual(cohort, name)
            return
        resolved = cohort.measures.resolved(distribution)
        together = _together(cohort, name, resolved)
        cohort.values[name] = cohort.draw(f"demographics.{name}", together or resolved)

    return PartDraw(name, draw)


def _usual(cohort: PartialCohort, name: str) -> Coded:
    """Draw a part that the profile leaves out, given those that are known."""
    if name == "language":
        shares, names = _languages_of(cohort), language_shares().languages
    else:
        shares, names = _shares(cohort, name), _LABELS[name]
    decision = f"demographics.{name}"
    chance = cohort.chance(decision, even=name == "ethnicity" and not cohort.measures.located)
    own = _own_labels(shares, names)
    return require_text(cohort.draws.values(decision, own, None, cohort, chance=chance))


def _own_labels(shares: NDArray[np.float64], names: tuple[str, ...]) -> Any:
    """Return labels of which everyone's shares are a row, shape (n, labels)."""
    rows = np.arange(len(shares))
    return LabelsByPlace(rows=lambda _: rows, table=label_edges(shares), names=names)


def _shares(cohort: PartialCohort, name: str) -> NDArray[np.float64]:
    """Return everyone's shares of ethnicity or race, given what is known; shape (n, labels)."""
    weights = _weights(cohort, name)
    if name == "ethnicity":
        return np.asarray(weights.sum(axis=2))
    if "ethnicity" not in cohort.values:
        return np.asarray(weights.sum(axis=1))
    hispanic = require_text(cohort.values["ethnicity"]).equals("hispanic").astype(np.int64)
    return weights[np.arange(cohort.size), hispanic]


def _weights(cohort: PartialCohort, name: str) -> Cells:
    """Return the share of each cell for everyone, given what is stated; shape (n, 2, 7)."""
    cells = _by_age_and_place(cohort)
    stated = [other for other in GROUPS if not is_usual(cohort.profile, other)]
    known = {other: require_text(cohort.values[other]) for other in stated
             if other != name and other in cohort.values}  # fmt: skip
    for axis, other in enumerate(("ethnicity", "race"), start=1):
        if other in known:
            cells = _where_some(cells * _fits(known[other], _LABELS[other], axis), cells)
    if "language" in known:
        cells = _where_some(cells * _likelihood(cohort, known["language"]), cells)
    return cells


def _where_some(cells: Cells, before: Cells) -> Cells:
    """Return narrowed shares; those before where nothing is left, as with a label of one's own."""
    left = cells.sum(axis=(1, 2), keepdims=True) > 0
    return np.where(left, cells, before)


def _position(labels: Coded, names: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the position of everyone's label among names, int64; -1 where it is none of them."""
    found = [names.index(label) if label in names else -1 for label in labels.vocabulary]
    return np.array([*found, -1], dtype=np.int64)[labels.codes]


def _fits(labels: Coded, names: tuple[str, ...], axis: int) -> NDArray[np.bool_]:
    """Return which cells fit everyone's label, bool; all where a label is none of the names."""
    own = _position(labels, names)
    fits = np.asarray((own[:, None] == np.arange(len(names))) | (own < 0)[:, None])
    return fits[:, :, None] if axis == 1 else fits[:, None, :]


def _by_age_and_place(cohort: PartialCohort) -> Cells:
    """Return the shares of the cells at everyone's age and place, float64, shape (n, 2, 7)."""
    band = np.full(cohort.size, ALL_AGES)
    if "age" in cohort.values:
        years = require_numbers(cohort.values["age"]).astype(np.int64)
        band = np.clip(years // BAND_YEARS, 0, ALL_AGES - 1)
    if not cohort.measures.located or "county" not in cohort.columns:
        return np.asarray(national_cells()[band])
    return cohort.measures.cells_of(cohort.columns["county"], band)


def _state_and_age(cohort: PartialCohort) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return everyone's rows in `language_shares`: of states, the last the nation's; of ages."""
    shares = language_shares()
    state = np.full(cohort.size, len(shares.shares) - 1)
    if "state" in cohort.columns:
        state = cohort.columns["state"].astype(np.int64)
    age = np.full(cohort.size, 1)
    if "age" in cohort.values:
        age = shares.age_group(require_numbers(cohort.values["age"]))
    return state, age


def _likelihood(cohort: PartialCohort, language: Coded) -> Cells:
    """Return how likely everyone's language is in each cell, float64, shape (n, 2, 7)."""
    shares = language_shares()
    state, age = _state_and_age(cohort)
    own = _position(language, shares.languages)
    found = shares.shares[state, age, :, :, np.maximum(own, 0)]
    return np.asarray(np.where((own < 0)[:, None, None], 1.0, found))


def _languages_of(cohort: PartialCohort) -> NDArray[np.float64]:
    """Return everyone's shares of languages, float64, shape (n, languages)."""
    shares = language_shares().shares
    state, age = _state_and_age(cohort)
    nobody = np.full(cohort.size, -1, dtype=np.int64)
    ethnicity, race = (
        _position(require_text(cohort.values[name]), names) if name in cohort.values else nobody
        for name, names in _LABELS.items()
    )
    found = np.asarray(shares[state, age, ethnicity, race])
    unknown = np.flatnonzero((ethnicity < 0) | (race < 0))  # of them the mean of who they may be
    if len(unknown):
        cells = _by_age_and_place(cohort)[unknown]
        for axis, own in enumerate((ethnicity[unknown], race[unknown]), start=1):
            fits = (own[:, None] == np.arange(cells.shape[axis])) | (own < 0)[:, None]
            cells = cells * (fits[:, :, None] if axis == 1 else fits[:, None, :])
        found[unknown] = np.einsum("nerl,ner->nl", shares[state[unknown], age[unknown]], cells)
    return found


def _together(cohort: PartialCohort, name: str, distribution: Distribution) -> Any:
    """Return a stated part given the stated ones before it; None where they are drawn apart.

    All keep their shares, and depend on each other as in the nation: raked from its table.
    """
    before = [other for other in GROUPS[: GROUPS.index(name)]
              if other in cohort.values and _plain(_stated(cohort, other))]  # fmt: skip
    before = [other for other in before if not is_usual(cohort.profile, other)]
    if not before or not _plain(distribution) or cohort.profile.sampling == "balanced":
        return None
    margins = {other: _margin(_stated(cohort, other)) for other in before}
    own = _margin(distribution)
    nation = _nation(
        {other: tuple(margin) for other, margin in margins.items()} | {name: tuple(own)}
    )
    given = [np.array(list(margin.values())) for margin in margins.values()]
    joint = given[0] if len(given) == 1 else raked(nation.sum(axis=-1), *given).reshape(-1)
    table = raked(nation.reshape(len(joint), -1), joint, np.array(list(own.values())))
    row = np.zeros(cohort.size, dtype=np.int64)
    for other, margin in margins.items():
        position = _position(require_text(cohort.values[other]), tuple(margin))
        row = row * len(margin) + np.maximum(position, 0)
    return _own_labels(table[row], tuple(own))


def _stated(cohort: PartialCohort, name: str) -> Distribution | None:
    distribution: Distribution | None = getattr(cohort.profile.demographics, name)
    return distribution


def _plain(distribution: Distribution | None) -> bool:
    """Tell whether a distribution is labels by weight, or one label, the same for everyone."""
    if isinstance(distribution, Constant):
        return distribution.kind == "text"
    return isinstance(distribution, Categorical) and distribution.weights is not None


def _margin(distribution: Distribution | None) -> dict[str, float]:
    if isinstance(distribution, Categorical) and distribution.weights is not None:
        return {label: weight for label, weight in distribution.weights.items() if weight > 0}
    return dict.fromkeys(() if distribution is None else distribution.labels, 1.0)


def _nation(labels: Mapping[str, tuple[str, ...]]) -> NDArray[np.float64]:
    """Return the nation's people by some of the three parts, an axis for each, in `GROUPS`' order.

    A label that the nation's table does not have is spread as all its people are.

    Args:
        labels: of each part that has an axis.
    """
    shares = language_shares()
    table: NDArray[np.float64] = national_cells()[ALL_AGES][..., None] * shares.shares[-1, 1]
    names = {**_LABELS, "language": shares.languages}
    for axis, name in enumerate(GROUPS):
        if name not in labels:
            table = table.sum(axis=axis, keepdims=True)
            continue
        pieces = [table.take(names[name].index(label), axis=axis) if label in names[name]
                  else table.sum(axis=axis) for label in labels[name]]  # fmt: skip
        table = np.stack(pieces, axis=axis)
    return table.reshape([len(labels[name]) for name in GROUPS if name in labels])
