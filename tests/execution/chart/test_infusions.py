"""What runs by vein has a beginning and an end; a pump runs on at home until it is taken off."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from execution.running import Document, charted, event, journey, listed, patients, visit
from healthsim.medicine.infusions import parts_of, pumps
from healthsim.medicine.ward_drugs import procedure_drugs, ward_drugs
from healthsim.tables import Columns

_HOURS = 60
_PUMP, _BOLUS, _LATE = 0, 2, 3


def _given(id: str, day: int, *codes: str) -> Document:
    drugs = [event(f"{id}_{code.lower()}", "procedure", code=code)
             for code in ("J9190", "J9263", "J0640", "J1100")]  # fmt: skip
    return visit(id, day, procedures=["96413", *codes]) | {"with": drugs}


WALKED = journey(
    _given("pump", 10, "96415", "96416"), visit("off", 12, procedures=["96523"]),
    _given("bolus", 40, "96415"),
    _given("late", 60, "96415", "96416"), visit("off_late", 65, procedures=["96523"]),
    _given("short", 80),
)  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Columns]:
    return charted(patients(count=20, attributes={}), WALKED)


def _rows(tables: Mapping[str, Columns], visit: int, drug: str) -> list[tuple[int, ...]]:
    """Return person, begin, end and dose of a drug in a visit of everybody, counted from 0."""
    visits: dict[int, list[int]] = {}
    for person, _, encounter in sorted(
        listed(tables["encounters"], "person_id", "start_at", "encounter_id")
    ):
        visits.setdefault(person, []).append(encounter)
    return sorted(
        tuple(row)
        for *row, name, encounter in listed(
            tables["medication_administrations"],
            "person_id", "given_at", "ended_at", "dose", "ingredient", "encounter_id")
        if name == drug and visits[row[0]][visit] == encounter
    )  # fmt: skip


def test_a_pump_gives_a_part_at_once_and_runs_until_it_is_empty_or_taken_off(
    tables: Mapping[str, Columns],
) -> None:
    off = dict(listed(tables["encounters"], "encounter_id", "start_at"))
    taken = [(person, off[visit]) for person, visit, code in
             listed(tables["procedures"], "person_id", "encounter_id", "code")
             if code == "96523"]  # fmt: skip
    for place in (_PUMP, _LATE):
        rows = _rows(tables, place, "fluorouracil")
        assert sorted({dose for *_, dose in rows}) == [100, 600]
        for person, begin, end, dose in rows:
            later = min(at for who, at in taken if who == person and at > begin)
            assert end == (begin + 3 if dose == 100 else min(begin + 46 * _HOURS, later))
    early = [row for row in _rows(tables, _PUMP, "fluorouracil") if row[2] - row[1] > 3]
    assert any(end - begin < 46 * _HOURS for _, begin, end, _ in early)


def test_without_a_pump_the_whole_dose_is_given_at_once(tables: Mapping[str, Columns]) -> None:
    rows = _rows(tables, _BOLUS, "fluorouracil")

    assert len(rows) == 20
    assert all(end < 0 and dose == 700 for _, _, end, dose in rows)


def test_a_drug_begins_when_the_one_before_has_run(tables: Mapping[str, Columns]) -> None:
    for place in (_PUMP, _BOLUS, _LATE):
        first, ran, beside, after = (
            {person: (begin, end) for person, begin, end, _ in reversed(_rows(tables, place, drug))}
            for drug in ("dexamethasone", "oxaliplatin", "leucovorin", "fluorouracil")
        )

        assert len(ran) == 20
        assert ran == beside
        assert {end - begin for begin, end in ran.values()} == {120}
        assert all(first[one][1] <= ran[one][0] and ran[one][1] <= after[one][0] for one in ran)


def test_in_a_visit_that_is_too_short_all_runs_faster_and_ends_in_it(
    tables: Mapping[str, Columns],
) -> None:
    ends = dict(listed(tables["encounters"], "encounter_id", "end_at"))
    inside = [(end, ends[visit], begin) for visit, drug, begin, end in
              listed(tables["medication_administrations"], "encounter_id", "ingredient",
                     "given_at", "ended_at")
              if drug in ("leucovorin", "oxaliplatin")]  # fmt: skip
    lasted = {end - begin for end, _, begin in inside}

    assert all(begin < end <= over for end, over, begin in inside)
    assert 60 < min(lasted) < 120 == max(lasted)


def test_every_drug_that_runs_is_one_that_somebody_gives_by_vein() -> None:
    given = {(one.ingredient, one.route) for one in (*procedure_drugs().values(), *ward_drugs())}
    running = {drug for drug, route in given if parts_of(drug, route)[0].minutes}

    assert len(running) > 12
    assert pumps() == {"96416", "G0498"}
    assert sum(part.share for part in parts_of("fluorouracil", "intravenous", pump=True)) == 1
