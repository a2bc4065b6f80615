"""What templates say of kidneys, blood and hearts fits together from visit to visit."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from execution.running import diabetic, listed, run
from healthsim.dates import NO_DAY
from healthsim.tables import NO_NUMBER, Columns
from template_runs import equals, load

pytestmark = pytest.mark.slow  # its runs

_HEALS = 60  # days from a fistula's making to its first use, at least (KDOQI 2019: 4 to 8 weeks)


@pytest.fixture(scope="module")
def failing() -> dict[str, Columns]:
    """Two years of people whose kidneys have nearly failed, and of their journey of ten."""
    profile = diabetic(
        count=50, products=["patientsim"], mortality="none", vital_signs="none",
        as_of="2023-01-01", through="2024-12-31",
        clinical={"primary": {"code": "N18.5", "onset": {"years_before": 1}}},
        demographics={"age": {"type": "uniform", "low": 50, "high": 64}},
    )  # fmt: skip
    return run(profile, load("ckd-lifecycle") | {"duration_days": 731})


def _first(tables: dict[str, Columns], step: str) -> dict[int, int]:
    """Return person -> first day of a step."""
    rows = listed(tables["events"], "person_id", "event_date", "step")
    found: dict[int, int] = {}
    for person, day, name in rows:
        if name == step:
            found[person] = min(day, found.get(person, day))
    return found


def test_dialysis_begins_with_its_codes_and_with_a_fistula_that_has_healed(
    failing: dict[str, Columns],
) -> None:
    made, sessions = _first(failing, "fistula_5"), _first(failing, "dialysis_session")
    since = {person: day for person, code, day in
             listed(failing["conditions"], "person_id", "code", "onset_date")
             if code == "N18.6"}  # fmt: skip
    both = made.keys() & sessions.keys()

    assert len(sessions) > 20
    assert len(both) > 10
    assert all(sessions[person] - made[person] >= _HEALS for person in both)
    assert all(0 <= day - since[person] <= 12 for person, day in sessions.items())
    assert np.median([day - since[person] for person, day in sessions.items()]) <= 4


def test_haemoglobin_of_a_month_goes_on_from_that_of_the_month_before(
    failing: dict[str, Columns],
) -> None:
    labs = failing["lab_results"]
    mine = equals(labs["loinc"], "718-7")
    order = np.lexsort((labs["collected_at"][mine], labs["person_id"][mine]))
    person, value = labs["person_id"][mine][order], labs["value"][mine][order]
    changes = np.abs(np.diff(value))[person[1:] == person[:-1]]

    assert len(changes) > 100
    assert np.mean(changes > 2) < 0.02


_AFTER = {  # what: profile, journey, analyte, least correlation of a person's consecutive values
    "pressure in pregnancy": ("commercial-maternity", "pregnancy", "8480-6", 0.6),
    "diastolic pressure in pregnancy": ("commercial-maternity", "pregnancy", "8462-4", 0.6),
    "haemoglobin in pregnancy": ("commercial-maternity", "pregnancy", "718-7", 0.6),
    "haemoglobin around heart surgery": (
        "cardiac-surgery-candidates", "cardiac-surgery-episode", "718-7", 0.3,
    ),
    "pressure around heart surgery": (
        "cardiac-surgery-candidates", "cardiac-surgery-episode", "8480-6", 0.6,
    ),
    "vitamin B12 around bariatric surgery": (
        "bariatric-candidates", "bariatric-episode", "2132-9", 0.6,
    ),
    "A1c around bariatric surgery": ("bariatric-candidates", "bariatric-episode", "4548-4", 0.6),
    "pain after a new knee": ("medicare-diabetic", "surgical-episode", "72514-3", 0.3),
    "NT-proBNP of stays": (
        "medicare-heart-failure", "heart-failure-exacerbation", "33762-6", 0.6,
    ),
}  # fmt: skip


_DAILY = ("cardiac-surgery-episode", "heart-failure-exacerbation")
"""Journeys whose bodies are looked at each time. What pregnancy does to a body is held by
`execution/test_physiology.py` and `test_pregnancies.py`, and rows of the others are pinned."""


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [] if name in _DAILY else [pytest.mark.proof]


@cache
def _journey(profile: str, name: str) -> dict[str, Columns]:
    count = 120 if name == "cardiac-surgery-episode" else 250
    document = load(profile) | {"count": count, "products": ["patientsim"], "expectations": []}
    return run(document, load(name))


def _stated(tables: dict[str, Columns], loinc: str) -> list[tuple[int, int, float]]:
    """Return (person, minute, value) of what steps of the journey measure, in this order."""
    found = []
    for name, when in (("lab_results", "collected_at"), ("vital_signs", "measured_at")):
        rows = listed(tables[name], "person_id", when, "value", "loinc", "event_id")
        found += [row[:3] for row in rows if row[3] == loinc and row[4] != NO_NUMBER]
    return sorted(found)


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=_marks(row[1])) for what, row in _AFTER.items()]
)
def test_a_person_s_next_value_in_a_journey_is_near_the_last(what: str) -> None:
    profile, name, loinc, least = _AFTER[what]
    rows = _stated(_journey(profile, name), loinc)
    pairs = np.array([(a[2], b[2]) for a, b in pairwise(rows) if a[0] == b[0]])
    if loinc == "33762-6":
        pairs = np.log(pairs)

    assert len(pairs) > 25
    assert np.corrcoef(pairs.T)[0, 1] > least


def _middle(profile: str, name: str, loinc: str, step: str) -> float:
    tables = _journey(profile, name)
    steps = dict(listed(tables["events"], "event_id", "step"))
    found = []
    for table in ("lab_results", "vital_signs"):
        rows = listed(tables[table], "event_id", "value", "loinc")
        found += [value for event, value, code in rows
                  if code == loinc and steps.get(event, "").startswith(step)]  # fmt: skip
    assert len(found) > 25
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("profile", "name", "loinc", "step", "low", "high"),
    [
        pytest.param(*row, marks=_marks(row[1])) for row in (
        ("commercial-maternity", "pregnancy", "718-7", "blood_first", 12.0, 12.8),
        ("commercial-maternity", "pregnancy", "718-7", "blood_28", 11.1, 11.9),
        ("commercial-maternity", "pregnancy", "8480-6", "sbp_visit_second", 108, 117),
        ("cardiac-surgery-candidates", "cardiac-surgery-episode", "718-7", "count_ca", 13.5, 15),
        ("cardiac-surgery-candidates", "cardiac-surgery-episode", "718-7", "count_h", 9.2, 10.6),
        ("medicare-heart-failure", "heart-failure-exacerbation", "8480-6", "sbp_em", 136, 152),
        ("medicare-heart-failure", "heart-failure-exacerbation", "8480-6", "sbp_home", 118, 134),
        ("medicare-heart-failure", "heart-failure-exacerbation", "59408-5", "oxygen", 91, 93.5),
        )
    ],
)  # fmt: skip
def test_what_a_body_shows_in_a_journey_is_what_clinics_see(
    profile: str, name: str, loinc: str, step: str, low: float, high: float
) -> None:
    assert low < _middle(profile, name, loinc, step) < high


def test_failing_hearts_have_high_peptides_and_nobody_comes_without_oxygen() -> None:
    """At the door: medians of registries near 4,500 pg/mL; saturation below 80 % is rare."""
    tables = _journey("medicare-heart-failure", "heart-failure-exacerbation")
    peptides = [value for _, _, value in _stated(tables, "33762-6")]
    oxygen = np.array([value for _, _, value in _stated(tables, "59408-5")])

    assert 3000 < np.median(peptides) < 6500
    assert np.mean(oxygen < 80) < 0.01
    assert 0.1 < np.mean(oxygen < 90) < 0.35


def test_fibrillation_after_heart_surgery_ends_with_its_anticoagulant() -> None:
    tables = _journey("cardiac-surgery-candidates", "cardiac-surgery-episode")
    treated = {person for person, drug in listed(tables["prescriptions"], "person_id", "ingredient")
               if drug == "apixaban"}  # fmt: skip
    stays = {
        person: (start // 1440, end // 1440)
        for person, start, end, reason, way in listed(
            tables["encounters"], "person_id", "start_at", "end_at", "reason", "disposition"
        )
        if reason == "Coronary bypass operation" and way != "20"
    }
    found = [
        (person in treated, end, gone)
        for person, code, day, gone in listed(
            tables["conditions"], "person_id", "code", "onset_date", "abatement_date"
        )
        for start, end in [stays.get(person, (1, 0))]
        if code == "I48.91" and start <= day <= end
    ]

    assert len(found) > 5
    assert [row for row in found if row[2] == NO_DAY or row[2] > row[1] + 58] == []
    assert [row for row in found if row[2] > row[1] and not row[0]] == []
