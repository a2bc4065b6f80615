"""Target lesions are found once, follow their course, and are judged by RECIST."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import Document, event, journey, listed, run
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.medicine.tumors import RESPONSES, course, responses
from healthsim.tables import Columns

TRIAL = {"id": "T-1", "phase": "2", "arms": {"drug": 1, "control": 1}}
DAYS = (0, 56, 112, 168, 224)


def people(count: int = 200) -> Document:
    return {"kind": "profile", "name": "candidates", "count": count, "seed": 8,
            "as_of": "2025-01-01", "products": ["patientsim", "trialsim"],
            "demographics": {"age": {"type": "uniform", "low": 30, "high": 70}},
            "clinical": {"primary": {"code": "C18.7"}}}  # fmt: skip


def by_arm(drug: Any, control: Any) -> Document:
    return {"type": "conditional", "cases": [{"when": "arm == 'drug'", "then": drug}],
            "otherwise": control}  # fmt: skip


def trial(*then: Document, **details: Any) -> Document:
    scans = [event(f"scan_{day}", "tumor_assessment", day + 2, **details) for day in DAYS]
    for scan in scans:
        scan["on_progression"] = [{**one, "id": f"{one['id']}_{scan['id']}"} for one in then]
    steps = event("screened", "screening"), event("drawn", "randomization", 1), *scans
    return journey(*steps, trial=TRIAL, duration_days=300)


def leaves() -> Document:
    return {"do": "end", "id": "leaves", "scope": "trial", "reason": "disease progression"}


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    return run(people(), trial(shrinks_per_week=by_arm(0.08, 0)))


def assessed(tables: dict[str, Columns]) -> dict[int, list[tuple[Any, ...]]]:
    """Return (sum, baseline, nadir, new lesion, response, best) by person, in order."""
    columns = ("person_id", "assessed_date", "sum_mm", "baseline_sum_mm", "nadir_sum_mm",
               "new_lesion", "response", "best_response")  # fmt: skip
    found: dict[int, list[tuple[Any, ...]]] = {}
    for who, _, *row in sorted(listed(tables["tumor_responses"], *columns)):
        found.setdefault(who, []).append(tuple(row))
    return found


def test_every_assessment_measures_the_lesions_that_the_first_one_found(
    tables: dict[str, Columns],
) -> None:
    lesions: dict[int, dict[int, set[str]]] = {}
    for who, lesion, organ in listed(tables["tumor_measurements"], "person_id", "lesion", "organ"):
        lesions.setdefault(who, {}).setdefault(lesion, set()).add(organ)

    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in lesions.values())
    assert {len(found) for found in lesions.values()} == {1, 2, 3, 4, 5}
    assert all(len(organs) == 1 for found in lesions.values() for organs in found.values())
    first = min(day for (day,) in listed(tables["tumor_measurements"], "assessed_date"))
    sizes = [size for day, size in listed(tables["tumor_measurements"], "assessed_date",
                                          "diameter_mm") if day == first]  # fmt: skip
    assert min(sizes) >= 10


def test_sums_nadirs_and_responses_follow_from_the_diameters(tables: dict[str, Columns]) -> None:
    sums: dict[tuple[int, int], int] = {}
    columns = ("person_id", "assessed_date", "diameter_mm")
    for who, day, size in listed(tables["tumor_measurements"], *columns):
        sums[who, day] = sums.get((who, day), 0) + size
    days = sorted({day for _, day in sums})
    seen = set()
    for who, rows in assessed(tables).items():
        baseline = rows[0][0]
        best: list[str] = []
        for place, (total, at_first, nadir, new, response, best_so_far) in enumerate(rows):
            before = [row[0] for row in rows[:place]] or [total]
            assert total == sums[who, days[place]]
            assert (at_first, nadir) == (baseline, min(before))
            if place == 0:
                assert (response, best_so_far, new) == (None, None, False)
                continue
            numbers = (np.array([float(value)]) for value in (total, baseline, nadir))
            assert response == RESPONSES[responses(*numbers, np.array([new]))[0]]
            best.append(response)
            assert best_so_far == min(best, key=RESPONSES.index)
            seen.add(response)
    assert seen >= {"PR", "SD", "PD"}


def test_the_arm_with_the_drug_responds_and_the_other_does_not(tables: dict[str, Columns]) -> None:
    arm = dict(listed(tables["subjects"], "person_id", "arm"))
    found = assessed(tables)
    rate = {name: np.mean([rows[-1][5] in ("CR", "PR") for who, rows in found.items()
                           if arm[who] == name]) for name in ("drug", "control")}  # fmt: skip

    assert rate["drug"] > 0.6
    assert rate["control"] < 0.05


def test_a_tumour_that_vanishes_is_a_complete_response() -> None:
    details = {"shrinks_per_week": 0.4, "grows_per_week": 0, "new_lesion": 0}
    found = assessed(run(people(40), trial(**details)))

    assert {rows[-1][0] for rows in found.values()} == {0}
    assert {rows[-1][4] for rows in found.values()} == {"CR"}


def test_the_first_progression_opens_the_steps_that_follow_it() -> None:
    details = {"grows_per_week": 0.03, "shrinks_per_week": 0, "new_lesion": 0}
    tables = run(people(60), trial(leaves(), **details))
    found = assessed(tables)
    ended = dict(listed(tables["subjects"], "person_id", "end_reason"))

    for who, rows in found.items():
        progressed = [row[4] == "PD" for row in rows]
        assert progressed[:-1] == [False] * (len(rows) - 1)
        assert (ended[who] == "disease progression") == progressed[-1]
    assert all(ended.values())


def test_a_new_lesion_is_progression_whatever_the_others_do() -> None:
    details = {"shrinks_per_week": 0.2, "grows_per_week": 0, "new_lesion": 1}
    found = assessed(run(people(30), trial(**details)))

    assert {row[4] for rows in found.values() for row in rows[1:]} == {"PD"}


def test_a_course_falls_before_it_rises() -> None:
    weeks = np.array([0.0, 8.0, 16.0, 60.0])
    sizes = course(np.full(4, 100.0), np.full(4, 0.1), np.full(4, 0.01), weeks)

    assert sizes[0] == 100
    assert sizes[1] < 60
    assert sizes[3] > sizes[2]


@pytest.mark.parametrize(("details", "where"), [
    ({"baseline_mm": 5}, "baseline_mm"), ({"shrinks_per_week": 1.2}, "shrinks_per_week"),
    ({"grows_per_week": -0.1}, "grows_per_week"), ({"new_lesion": 4}, "new_lesion"),
])  # fmt: skip
def test_figures_that_cannot_be_are_refused(details: Document, where: str) -> None:
    with pytest.raises(SpecError) as refused:
        prepare(people(4), [trial(**details)])
    assert any(where in str(one) for one in refused.value.problems)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "count"), [(1, 5), (7, 20)])
def test_parts_have_the_tumours_of_the_whole(size: int, count: int) -> None:
    alone = trial(shrinks_per_week=0.05) | {"trial": {"id": "T-1", "phase": "2"}}
    alone["phases"][0]["steps"].pop(1)
    whole, parts = run(people(count), alone), run(people(count), alone, size=size)

    for table in ("tumor_measurements", "tumor_responses"):
        assert listed(whole[table]) == listed(parts[table])
