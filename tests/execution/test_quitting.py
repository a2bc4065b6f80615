"""A body shows the drugs of a profile until people stop them of their own accord."""

from __future__ import annotations

import numpy as np

from execution.running import event, journey
from healthsim.execution.passes.rehearsal import settle_population_steps, walk_chunk
from healthsim.execution.prepare import prepare

_POTASSIUM, _WASHED_OUT = "2823-3", 150  # days; losartan's effect on it is gone after some weeks


def test_a_drug_acts_no_longer_on_those_who_have_stopped_it_whatever_was_asked_before() -> None:
    profile = {
        "kind": "profile", "name": "losartan", "count": 60, "products": ["patientsim"],
        "demographics": {"age": {"type": "uniform", "low": 50, "high": 70, "decimals": 0}},
        "attributes": {"potassium": {"type": "normal", "mean": 4.2, "sd": 0.2, "low": 3.6,
                                     "high": 4.9}},
        "clinical": {"medications": [{"drug": "losartan 100 mg tablet", "share": 1}]},
    }  # fmt: skip
    labs = journey(event("potassium", "lab", 700, loinc=_POTASSIUM), duration_days=720)
    job = prepare(profile, [labs])
    record = walk_chunk(job, settle_population_steps(job), 0, job.count).record
    (course,) = record.courses
    assert course.quit is not None
    days = np.full(len(course.rows), record.first_day[0] + 700, dtype=np.int32)
    stopped = course.quit + _WASHED_OUT < days
    acting = record.body.acting_on(_POTASSIUM, record.body.collect(course.rows, days))
    taking = [one for one in acting if one.effect.kind == "drug"]

    assert 0 < np.count_nonzero(stopped) < len(stopped)
    assert taking
    assert not any(stopped[one.at].any() for one in taking)
