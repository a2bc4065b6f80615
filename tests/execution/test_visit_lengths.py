"""Visits last as long as what is done in them, by a table."""

from __future__ import annotations

import numpy as np
import pytest

from execution.running import diabetic, journey, listed, patients, run, visit
from healthsim.medicine.datafiles import rows
from healthsim.medicine.visit_lengths import visit_length
from healthsim.tables import Columns


@pytest.fixture(scope="module")
def visits() -> Columns:
    """An office visit, an infusion of three hours, and an emergency with an infusion."""
    profile = diabetic(count=200, products=["patientsim"], vital_signs="none")
    infused = ["96413", {"code": "96415", "units": 2}]
    steps = [
        visit("office", 10),
        visit("infusion", 20, procedures=infused),
        visit("emergency", 30, procedures=["99284", "96365"], encounter_class="emergency"),
    ]
    return run(profile, journey(*steps))["encounters"]


def _of_day(visits: Columns, day: int) -> tuple[np.ndarray, np.ndarray]:
    """Return minutes that visits last, and their hour of arrival."""
    start, end = visits["start_at"], visits["end_at"]
    mine = start // 1440 == 20_089 + day
    return (end - start)[mine], start[mine] % 1440 / 60


def test_an_infusion_takes_its_hours_and_is_over_in_the_evening(visits: Columns) -> None:
    minutes, arrival = _of_day(visits, 20)

    assert 240 <= minutes.min() < 250
    assert 320 < minutes.max() <= 330
    assert arrival.min() == 8
    assert (arrival + minutes / 60).max() < 18


def test_a_visit_without_such_a_procedure_lasts_as_its_class(visits: Columns) -> None:
    minutes, arrival = _of_day(visits, 10)

    assert (minutes.min(), minutes.max()) == (15, 45)
    assert arrival.max() > 16


def test_an_emergency_lasts_as_a_whole_whatever_is_done_in_it(visits: Columns) -> None:
    minutes, _ = _of_day(visits, 30)

    assert minutes.max() > 400


def test_of_several_procedures_the_longest_counts() -> None:
    assert visit_length("office", ["96523", "90837"]) == visit_length("office", ["90837"])
    assert visit_length("office", ["96415"]).longest == 105
    assert visit_length("hospice") == (30, 120)


def test_every_length_names_its_source() -> None:
    for row in rows("visit_lengths.csv"):
        assert row["source"], row
        assert row["confidence"] in {"V", "M", "A"}, row


def test_the_longest_beginning_of_a_code_counts() -> None:
    assert visit_length("asc", ["45385"]) == (120, 210)
    assert visit_length("asc", ["45099"]) == (120, 360)
    assert visit_length("outpatient_hospital", ["27447"]) == (360, 600)


def test_emergency_visits_of_the_late_evening_end_at_different_times_of_their_day() -> None:
    seen = visit("seen", 3, encounter_class="emergency", diagnoses=["R07.9"], procedures=[])
    found = run(patients(count=400), journey(seen))
    times = [(start, end) for kind, start, end in
             listed(found["encounters"], "encounter_class", "start_at", "end_at")
             if kind == "emergency"]  # fmt: skip
    late = [end % 1440 for start, end in times if start % 1440 >= 20 * 60]

    assert len(late) > 25
    assert all(start // 1440 == end // 1440 for start, end in times)
    assert sum(end == 1439 for end in late) < 4
    assert all(end - start >= 60 for start, end in times)
