"""What usual vital signs show: asked of the body, and computed from what was measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import observation
from healthsim.dates import whole_months
from healthsim.execution.sync.visits.visits import DAY
from healthsim.execution.sync.vitals.choice import StatedSigns, already, stated_keys
from healthsim.execution.sync.vitals.occasions import ARRIVING, LEAVING, Occasions
from healthsim.execution.timeline.record import Record
from healthsim.medicine.growth import figure, percentile_of
from healthsim.medicine.vitals import MEASURES, WEIGHED, vital_rules

Floats = NDArray[np.float64]
(_WEIGHT,), (_HEIGHT,), (_HEAD,), (_BMI,) = (
    MEASURES[name] for name in ("weight", "height", "head", "bmi")
)
_SIGNS = tuple(
    code
    for name in ("pressure", "pulse", "respiration", "temperature", "saturation")
    for code in MEASURES[name]
)
_GROUPS = (_SIGNS, (_WEIGHT, _HEIGHT), (_HEAD,), MEASURES["pain"])
"""Codes that are asked of the body together; only the first differ by the hour."""
_CLASSES_OF_A_DAY = frozenset({"office", "telehealth", "urgent_care", "home_health"})
_GROWN_MONTHS = 240
_LATEST_HEIGHT = 800  # days for which an adult's height is used for BMI: assumption


def measured(
    record: Record,
    occasions: Occasions,
    chosen: Mapping[str, NDArray[np.bool_]],
    stated: StatedSigns,
) -> dict[str, Floats]:
    """Return what is measured on each occasion: code -> float64, shape (occasions,); NaN if not.

    Args:
        record: of the chunk's people.
        occasions: when vital signs may be taken.
        chosen: code -> on which of them.
        stated: what journeys state; it has its own rows, and is used for what is computed.
    """
    found = {code: np.full(len(occasions), np.nan) for code in chosen}
    hourly = ~_any_class(occasions, _CLASSES_OF_A_DAY)
    for group in _GROUPS:
        codes = tuple(code for code in group if code in chosen)
        wanted = np.zeros(len(occasions), dtype=np.bool_)
        for code in codes:
            wanted |= chosen[code]
        parts = (False, True) if group is _SIGNS else (None,)
        for by_hour in parts:
            on = np.flatnonzero(wanted if by_hour is None else wanted & (hourly == by_hour))
            if len(on):
                quarters = occasions.quarters[on] if by_hour else None
                values = record.body.values(codes, occasions.rows[on], occasions.days[on], quarters)
                for code in codes:
                    found[code][on] = np.where(chosen[code][on], values[code], np.nan)
    if _WEIGHT in found:
        _after_dialysis(record, occasions, found[_WEIGHT])
        _fit_stated_index(occasions, found, stated)
    return found | _computed(record, occasions, found, stated)


def _any_class(occasions: Occasions, classes: frozenset[str]) -> NDArray[np.bool_]:
    found = np.zeros(len(occasions), dtype=np.bool_)
    for encounter_class in classes:
        found |= occasions.of_class(encounter_class)
    return found


def _after_dialysis(record: Record, occasions: Occasions, weight: Floats) -> None:
    """Take the fluid that a session removes from the weight on leaving."""
    after = occasions.of_class("dialysis") & (occasions.number == LEAVING) & ~np.isnan(weight)
    on = np.flatnonzero(after)
    if not len(on):
        return
    from scipy.special import ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    draws, who = record.draws, occasions.rows[on]
    u = draws.at("vitals/fluid", who, draws.pairs(who, occasions.days[on].astype(np.int64)))
    litres = figure("fluid_removed") + figure("fluid_removed_spread") * np.round(ndtri(u), 6)
    low, high = figure("fluid_removed_least"), figure("fluid_removed_most")
    decimals = observation(_WEIGHT).decimals
    weight[on] = np.round(weight[on] - np.clip(litres, low, high), decimals)


def _fit_stated_index(
    occasions: Occasions, found: Mapping[str, Floats], stated: StatedSigns
) -> None:
    """Keep usual weights within what a body mass index that a journey measured there allows."""
    if not already(occasions, stated, _BMI).any():
        return
    index = _with_stated(occasions, {}, stated, _BMI)
    height = _last_height(occasions, _with_stated(occasions, found, stated, _HEIGHT), stated)
    weight, square = found[_WEIGHT], (height / 100) ** 2
    half = 0.5 * 10.0 ** -observation(_BMI).decimals
    decimals = observation(_WEIGHT).decimals
    scale = 10.0**decimals
    low = np.ceil(np.round((index - half) * square * scale, 6)) / scale
    high = np.floor(np.round((index + half) * square * scale, 6)) / scale
    fits = np.round(np.clip(weight, low, np.maximum(high, low)), decimals)
    weight[:] = np.where(np.isnan(fits), weight, fits)


def _computed(
    record: Record, occasions: Occasions, found: Mapping[str, Floats], stated: StatedSigns
) -> dict[str, Floats]:
    """Return body mass index and percentiles, where an encounter's class has them."""
    months = whole_months(record.people.birth[occasions.rows], occasions.days)
    here = {
        code: _with_stated(occasions, found, stated, code) for code in (_WEIGHT, _HEIGHT, _HEAD)
    }
    size = record.body.size
    chart = size.chart_months(occasions.rows, occasions.days)
    female = size.female(occasions.rows)
    bmi = _bmi(occasions, here, _last_height(occasions, here[_HEIGHT], stated), months)
    values = {
        "bmi": bmi,
        "bmi_percentile": _charted("bmi", female, chart, bmi),
        "weight_for_length": _charted("weight_for_length", female, here[_HEIGHT], here[_WEIGHT]),
        "head_percentile": _charted("head", female, chart, here[_HEAD]),
    }
    return {
        MEASURES[name][0]: np.where(_allowed(occasions, name, months, stated), value, np.nan)
        for name, value in values.items()
    }


def _allowed(
    occasions: Occasions, measure: str, months: NDArray[np.int32], stated: StatedSigns
) -> NDArray[np.bool_]:
    """Return where a computed measure is usual: by class and age, once on arrival, not stated."""
    may = np.zeros(len(occasions), dtype=np.bool_)
    for encounter_class in {visit.details.encounter_class for visit in occasions.visits}:
        for rule in vital_rules(encounter_class):
            if rule.at == WEIGHED and rule.measure == measure:
                aged = (months >= rule.from_months) & (months < rule.below_months)
                may |= occasions.of_class(encounter_class) & aged
    may &= occasions.number == ARRIVING
    return may & ~already(occasions, stated, MEASURES[measure][0])


def _charted(measure: str, female: Floats, at: Floats, value: Floats) -> Floats:
    """Return percentiles, rounded, where both a value and its place on the chart are known."""
    result = np.full(len(value), np.nan)
    known = np.flatnonzero(~np.isnan(value) & ~np.isnan(at))
    result[known] = np.round(percentile_of(measure, female[known], at[known], value[known]))
    return result


def _bmi(
    occasions: Occasions,
    here: Mapping[str, Floats],
    last_height: Floats,
    months: NDArray[np.int32],
) -> Floats:
    """Return kg/m2 from the weight and the height of the occasion, or an adult's last height."""
    height = np.where(months < _GROWN_MONTHS, here[_HEIGHT], last_height)
    bmi = here[_WEIGHT] / (height / 100) ** 2
    decimals = observation(_BMI).decimals
    return np.round(np.round(bmi, decimals + 6), decimals)


def _with_stated(
    occasions: Occasions, found: Mapping[str, Floats], stated: StatedSigns, code: str
) -> Floats:
    """Return what was measured on each occasion, be it stated by a journey or usual."""
    values = found.get(code, np.full(len(occasions), np.nan)).copy()
    if code in stated.rows:
        arriving = np.flatnonzero(occasions.number == ARRIVING)
        mine = stated_keys(occasions.rows, occasions.at, occasions.visit)[arriving]
        keys, first = np.unique(stated.keys(code), return_index=True)
        place = np.minimum(np.searchsorted(keys, mine), len(keys) - 1)
        same = keys[place] == mine
        values[arriving[same]] = stated.value[code][first[place[same]]]
    return values


def _last_height(occasions: Occasions, height: Floats, stated: StatedSigns) -> Floats:
    """Return each person's last height up to each occasion; NaN where it is too old or none."""
    rows, at, value = (
        np.concatenate([mine, stated_of.get(_HEIGHT, mine[:0])])
        for mine, stated_of in (
            (occasions.rows.astype(np.int64), stated.rows),
            (occasions.at, stated.at),
            (height, stated.value),
        )
    )
    known = ~np.isnan(value)
    order = np.lexsort((at, rows))
    position = np.where(known[order], np.arange(len(order)), -1)
    latest = np.maximum.accumulate(position)
    source = order[np.maximum(latest, 0)]
    usable = (latest >= 0) & (rows[source] == rows[order])
    usable &= (at[order] - at[source]) // DAY <= _LATEST_HEIGHT
    result = np.full(len(order), np.nan)
    result[order] = np.where(usable, value[source], np.nan)
    return result[: len(occasions)]
