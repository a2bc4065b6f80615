"""Results show the illness: what a clinician expects of untreated people, in the data."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from execution.running import event, journey, patients, run, visit
from healthsim.tables import Columns
from template_runs import equals

Document = dict[str, Any]
_SHARE = 0.14
_CODES = ("E11.9", "N18.4", "D50.9", "E03.9", "K74.60", "I50.22", "J44.9", "M10.9", "E55.9")
_PANELS = ("cbc_diff", "cmp", "anemia", "thyroid", "liver", "lipid", "coagulation")
_ALONE = ("1558-6", "4548-4", "62292-8", "33762-6", "3084-1", "2777-1", "59408-5", "19926-5")


@cache
def _tables() -> dict[str, Columns]:
    """Run 1,800 adults, each illness among a seventh of them, nobody treated."""
    profile = {
        "kind": "profile", "name": "untreated", "seed": 3, "count": 1_800, "mortality": "none",
        "as_of": "2025-01-01", "through": "2025-12-31", "products": ["patientsim"],
        "demographics": {"age": {"type": "uniform", "low": 35, "high": 80},
                         "gender": {"F": 0.5, "M": 0.5}},
        "clinical": {"comorbidities": [{"code": code, "share": _SHARE} for code in _CODES]},
    }  # fmt: skip
    labs = [event(f"p{place}", "lab", 5, panel=name) for place, name in enumerate(_PANELS)]
    labs += [
        event(f"a{place}", "vital" if code == "59408-5" else "lab", 5, loinc=code)
        for place, code in enumerate(_ALONE)
    ]
    return run(profile, journey(*labs))


def _people(code: str, *without: str) -> NDArray[np.int64]:
    """Return who has a condition and none of the others."""
    conditions = _tables()["conditions"]

    def having(one: str) -> NDArray[np.int64]:
        return np.asarray(conditions["person_id"][equals(conditions["code"], one)])

    mine = having(code) if code else _tables()["patients"]["person_id"]
    others = [having(one) for one in (without or tuple(c for c in _CODES if c != code))]
    return np.setdiff1d(mine, np.concatenate(others))


def _values(loinc: str, people: NDArray[np.int64]) -> NDArray[np.float64]:
    table = _tables()["vital_signs" if loinc == "59408-5" else "lab_results"]
    return np.asarray(
        table["value"][equals(table["loinc"], loinc) & np.isin(table["person_id"], people)]
    )


@pytest.mark.parametrize(
    ("code", "loinc", "low", "high", "least"),
    [
        ("E11.9", "1558-6", 126, np.inf, 0.70),  # the threshold of diabetes: ADA
        ("E11.9", "4548-4", 6.5, np.inf, 0.85),
        ("N18.4", "98979-8", 15, 29.5, 0.90),  # its band: KDIGO
        ("N18.4", "98979-8", 0, 59.5, 1.00),
        ("N18.4", "2823-3", 3.9, np.inf, 0.85),
        ("D50.9", "718-7", 0, 12.99, 0.85),
        ("D50.9", "2276-4", 0, 30, 0.80),
        ("D50.9", "787-2", 0, 83, 0.70),
        ("E03.9", "3016-3", 4.5, np.inf, 0.75),
        ("K74.60", "777-3", 0, 150, 0.75),
        ("K74.60", "1751-7", 0, 3.5, 0.70),
        ("I50.22", "33762-6", 300, np.inf, 0.85),
        ("J44.9", "19926-5", 0, 69.9, 0.90),  # GOLD
        ("M10.9", "3084-1", 6.8, np.inf, 0.60),
        ("E55.9", "62292-8", 0, 20, 0.85),
    ],
)
def test_most_of_the_untreated_show_it(
    code: str, loinc: str, low: float, high: float, least: float
) -> None:
    values = _values(loinc, _people(code))

    assert len(values) > 40
    assert np.mean((values >= low) & (values <= high)) >= least


@pytest.mark.parametrize(
    ("loinc", "low", "high", "most"),
    [
        ("1558-6", 126, np.inf, 0.05), ("98979-8", 0, 59, 0.12), ("718-7", 0, 11.9, 0.08),
        ("3016-3", 4.5, np.inf, 0.10), ("777-3", 0, 150, 0.06), ("2823-3", 5.2, 9, 0.03),
        ("6690-2", 11, 400, 0.08), ("1742-6", 60, 5_000, 0.06), ("59408-5", 0, 93, 0.03),
        ("2951-2", 0, 134, 0.03), ("17861-6", 10.4, 20, 0.04), ("751-8", 0, 1.5, 0.03),
    ],
)  # fmt: skip
def test_few_of_the_healthy_look_ill(loinc: str, low: float, high: float, most: float) -> None:
    values = _values(loinc, _people(""))

    assert len(values) > 300
    assert np.mean((values >= low) & (values <= high)) <= most


_ACUTE = ("A41.9", "J18.9", "K85.90", "I21.4", "E10.10")
_VITAL = ("8310-5", "8867-4", "8480-6", "9279-1", "59408-5")
_MEASURED = ("6690-2", "2524-7", "1988-5", "33959-8", "8310-5", "8867-4", "8480-6", "9279-1",
             "59408-5", "3040-3", "89579-7", "2345-7", "2028-9", "33037-3", "2744-1")  # fmt: skip


def _stay(code: str) -> dict[str, Columns]:
    return _admitted(code)


@cache
def _admitted(*codes: str) -> dict[str, Columns]:
    """Run 250 adults through a stay with diagnoses, measured on its days and later."""
    profile = {
        "kind": "profile", "name": "admitted", "seed": 8, "count": 250, "mortality": "none",
        "one_bed": "none",  # what is measured stands outside of the stay
        "as_of": "2025-01-01", "through": "2025-12-31", "products": ["patientsim"],
        "demographics": {"age": {"type": "uniform", "low": 40, "high": 80},
                         "gender": {"F": 0.5, "M": 0.5}},
    }  # fmt: skip
    steps = [
        event(f"d{day}_{place}", "vital" if loinc in _VITAL else "lab", day, loinc=loinc)
        for day in (20, 21, 23, 90)
        for place, loinc in enumerate(_MEASURED)
    ]
    stay = event("stay", "encounter", 20, encounter_class="inpatient", diagnoses=list(codes),
                 procedures=["99223"], los_days=6)  # fmt: skip
    return run(profile, journey(stay, *steps))


def _on(code: str, loinc: str, day: int) -> NDArray[np.float64]:
    """Return results of a day of the journey: 20 is that of admission."""
    return _of_day(_stay(code), loinc, day - 20)


def _of_day(tables: dict[str, Columns], loinc: str, day: int) -> NDArray[np.float64]:
    """Return results of so many days after each person's first; of oxygen the lowest of the day.

    Who is short of oxygen is given some, and measured again on it.
    """
    name = "vital_signs" if loinc in _VITAL else "lab_results"
    table = tables[name]
    mine = equals(table["loinc"], loinc)
    when = table["measured_at" if loinc in _VITAL else "collected_at"][mine] // 1440
    _, of_person = np.unique(table["person_id"][mine], return_inverse=True)
    first = np.full(of_person.max() + 1, when.max())
    np.minimum.at(first, of_person, when)
    on_day = np.flatnonzero(when - first[of_person] == day)
    if loinc == "59408-5":
        values = np.asarray(table["value"][mine][on_day])
        on_day = on_day[np.lexsort((values, of_person[on_day]))]
        on_day = on_day[np.unique(of_person[on_day], return_index=True)[1]]
    return np.asarray(table["value"][mine][on_day])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "loinc", "low", "high", "least"),
    [
        ("A41.9", "2524-7", 2.01, 30, 0.70),
        ("A41.9", "33959-8", 0.5, 300, 0.90),
        ("A41.9", "8310-5", 38.0, 42.5, 0.60),
        ("A41.9", "8867-4", 90, 220, 0.80),
        ("A41.9", "9279-1", 20, 60, 0.80),
        ("J18.9", "1988-5", 20, 600, 0.75),
        ("J18.9", "59408-5", 50, 94, 0.60),
        ("J96.01", "59408-5", 60, 89, 0.85),  # its definition
        ("K85.90", "3040-3", 300, 5_000, 0.65),  # three times the upper end
        ("I21.4", "89579-7", 52, 100_000, 0.95),
        ("E10.10", "2028-9", 5, 18, 0.85),
        ("E10.10", "33037-3", 15, 50, 0.85),
        ("E10.10", "2345-7", 250, 900, 0.80),
        ("E10.10", "2744-1", 6.6, 7.33, 0.80),
    ],
)
def test_most_of_the_admitted_show_why(
    code: str, loinc: str, low: float, high: float, least: float
) -> None:
    peak = _on(code, loinc, 20)

    assert len(peak) > 200
    assert np.mean((peak >= low) & (peak <= high)) >= least


@pytest.mark.slow
def test_an_illness_that_sets_a_value_is_not_added_to_another_of_its_group() -> None:
    """Pneumonia multiplies what is missing; a failure of the lungs says how much is missing."""
    alone = _on("J96.01", "59408-5", 20)
    both = _of_day(_admitted("J96.01", "J18.9"), "59408-5", 0)

    assert np.median(both) == pytest.approx(np.median(alone), abs=2)


def test_white_cells_of_the_septic_are_many_or_few() -> None:
    cells = _on("A41.9", "6690-2", 20)

    assert np.mean((cells > 12) | (cells < 4)) >= 0.70
    assert 0.02 <= np.mean(cells < 4) <= 0.25


@pytest.mark.slow
@pytest.mark.parametrize("code", _ACUTE)
def test_ten_weeks_later_nothing_is_left(code: str) -> None:
    for loinc, low, high in (("6690-2", 3.5, 11.5), ("2524-7", 0.4, 2.3), ("8310-5", 35.8, 37.6)):
        later = _on(code, loinc, 90)
        assert np.mean((later >= low) & (later <= high)) >= 0.9


def test_counts_are_lowest_in_the_second_week_after_chemotherapy() -> None:
    profile = {
        "kind": "profile", "name": "treated", "seed": 4, "count": 120, "mortality": "none",
        "as_of": "2025-01-01", "through": "2025-12-31", "products": ["patientsim"],
        "demographics": {"age": {"type": "uniform", "low": 40, "high": 75}, "gender": {"F": 1}},
        "clinical": {"primary": {"code": "C50.911", "onset": {"years_before": 1}}},
    }  # fmt: skip
    dose = event("infusion", "encounter", 20, encounter_class="outpatient_hospital",
                 diagnoses=["Z51.11"], procedures=["J9000"])  # fmt: skip
    days = range(18, 48, 2)
    counts = [event(f"d{day}", "lab", day, loinc="751-8") for day in days]
    tables = run(profile, journey(dose, *counts))
    middles = [float(np.median(_of_day(tables, "751-8", day - 18))) for day in days]

    lowest = days[int(np.argmin(middles))] - 20
    assert 8 <= lowest <= 14
    assert min(middles) < 0.4 * middles[0]
    assert middles[-1] > 0.85 * middles[0]


@pytest.mark.parametrize(("code", "low", "high"), [("R00.1", 30, 59), ("R00.0", 101, 160)])
def test_who_has_a_slow_or_a_fast_pulse_shows_it_on_the_day(
    code: str, low: float, high: float
) -> None:
    found = event("found", "diagnosis", code=code)
    seen = visit("seen", 60, diagnoses=[code]) | {"with": [found]}
    signs = run(patients(count=60, attributes={}), journey(seen))["vital_signs"]
    pulses = np.asarray(signs["value"])[equals(signs["loinc"], "8867-4")]

    assert len(pulses) > 50
    assert np.mean((pulses >= low) & (pulses <= high)) >= 0.95
