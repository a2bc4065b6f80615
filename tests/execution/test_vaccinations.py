"""Doses of vaccines wait for their day, are numbered, and say which product they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import Document, event, journey, listed, run
from healthsim.dates import NO_DAY, add_months, day_of
from healthsim.medicine.vaccines import products
from healthsim.tables import Columns

BEGUN = day_of("2025-01-01")


def children(age: Any, count: int = 200, **changes: Any) -> Document:
    return {"kind": "profile", "name": "children", "count": count, "seed": 4,
            "as_of": "2025-01-01", "demographics": {"age": age}, "products": ["patientsim"],
            **changes}  # fmt: skip


def shot(id: str, cvx: str, at: Any = 0, **more: Any) -> Document:
    return event(id, "immunization", at, cvx=cvx, **more)


def seen(id: str, at: Any, *doses: Document) -> Document:
    details = {"encounter_class": "office", "diagnoses": ["Z00.129"]}
    return {"do": "event", "id": id, "type": "encounter", "at": at, "details": details,
            "with": list(doses)}  # fmt: skip


def given(tables: dict[str, Columns], *columns: str) -> list[tuple[Any, ...]]:
    """Return (days since birth, days since the first of January, other columns) of doses."""
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    rows = listed(tables["immunizations"], "person_id", "given_date", *columns)
    return [(day - born[who], day - BEGUN, *others) for who, day, *others in rows]


NEWBORN = {"type": "uniform", "low": 0, "high": 0.05}
EARLY = {"age": {"months": 12}, "variance_days": 30}


def test_a_visit_waits_for_the_dose_that_is_due_in_it() -> None:
    check = seen("check", EARLY, shot("mmr", "03"))
    tables = run(children(NEWBORN), journey(check, duration_days=600))
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    days = dict(listed(tables["immunizations"], "person_id", "given_date"))
    birthday = {who: int(add_months(np.array([born[who]], np.int32), 12)[0]) for who in days}

    assert len(days) == 200
    assert all(days[who] >= birthday[who] for who in days)
    assert 60 < sum(days[who] == birthday[who] for who in days) < 140, "those of an early visit"
    visits = {who: int(at // 1440) for who, at in
              listed(tables["encounters"], "person_id", "start_at")}  # fmt: skip
    assert visits == days


def test_a_visit_does_not_wait_for_a_dose_that_nobody_will_have_in_it() -> None:
    never = shot("mmr", "03") | {"chance": 0}
    older = shot("varicella", "21") | {"when": "age > 30"}
    tables = run(children(NEWBORN), journey(seen("check", EARLY, never, older), duration_days=600))
    plain = run(children(NEWBORN), journey(seen("check", EARLY), duration_days=600))

    assert listed(tables["encounters"], "start_at") == listed(plain["encounters"], "start_at")
    assert not given(tables)


def test_a_visit_that_would_have_to_wait_too_long_goes_without_the_dose() -> None:
    check = seen("check", {"age": {"months": 9}}, shot("mmr", "03"), shot("flu", "140"))
    tables = run(children(NEWBORN), journey(check, duration_days=600))

    assert {cvx for *_, cvx in given(tables, "cvx")} == {"140"}
    assert len(tables["encounters"]["encounter_id"]) == 200


def test_the_share_of_a_dose_is_of_all_whose_visit_it_is_in() -> None:
    first = seen("first", {"age": {"months": 12}, "variance_days": 20}, shot("one", "83"))
    half = shot("two", "83") | {"chance": 0.5}
    second = seen("second", {"age": {"months": 18}, "variance_days": 20}, half)
    tables = run(children(NEWBORN, 600), journey(first, second, duration_days=800))
    had = [dose for *_, dose in given(tables, "dose")]

    assert abs(had.count(2) / 600 - 0.5) <= 3 * np.sqrt(0.25 / 600)


def test_a_dose_without_a_visit_waits_for_its_own_day() -> None:
    first = shot("first", "83", {"age": {"months": 12}})
    second = shot("second", "83", {"after": "first", "day": 30, "business_days": True})
    tables = run(children(NEWBORN), journey(first, second, duration_days=900))
    rows = sorted(given(tables, "dose"))

    assert {dose for *_, dose in rows} == {1, 2}
    assert all(544 <= age <= 555 for age, _, dose in rows if dose == 2)


def test_a_child_who_is_too_old_for_a_vaccine_does_not_get_it() -> None:
    tables = run(children(2), journey(seen("check", 5, shot("rota", "116"), shot("hib", "48"))))

    assert {cvx for *_, cvx in given(tables, "cvx")} == {"48"}


def test_doses_are_counted_over_products_and_after_those_of_the_childs_age() -> None:
    steps = [seen(f"visit_{month}", {"age": {"months": month}}, shot(f"dose_{month}", cvx))
             for month, cvx in ((2, "110"), (4, "20"), (6, "146"))]  # fmt: skip
    newborn = run(children(NEWBORN, 30), journey(*steps, duration_days=600))
    older = run(children(5, 30), journey(seen("visit", 5, shot("dose", "20"))))

    assert {(cvx, dose) for *_, cvx, dose in given(newborn, "cvx", "dose")} == {
        ("110", 1), ("20", 2), ("146", 3)}  # fmt: skip
    assert {dose for *_, dose in given(older, "dose")} == {6}


def test_a_stated_number_is_kept_and_decides_the_age() -> None:
    second = shot("mmr", "03", {"age": {"months": 12}}, dose=2)
    rows = given(run(children(NEWBORN, 40), journey(second, duration_days=600)), "dose")

    assert {dose for *_, dose in rows} == {2}
    assert {age for age, *_ in rows} <= set(range(395, 398))


def test_influenza_is_the_first_dose_again_in_a_new_season() -> None:
    shots = [shot(f"flu_{day}", "140", day) for day in (0, 28, 365)]
    rows = given(run(children(40, 20), journey(*shots, duration_days=400)), "dose")

    assert {row[1:] for row in rows} == {(0, 1), (28, 2), (365, 1)}


def test_two_journeys_do_not_give_one_vaccine_twice_within_its_interval() -> None:
    first = journey(shot("a", "140", 40), name="one", duration_days=300)
    for day, others in ((40, {68}), (50, {68}), (30, set()), (12, {12}), (80, {80})):
        second = journey(shot("b", "140", day), name="two", duration_days=300)
        rows = given(run(children(40, 5), first, second))
        assert {when for _, when in rows} == {40} | others


def test_intervals_can_be_switched_off_and_the_dose_says_that_it_does_not_count() -> None:
    early = seen("check", {"age": {"months": 11}}, shot("mmr", "03"))
    off = children(NEWBORN, 30, vaccine_intervals="none")
    rows = given(run(off, journey(early, duration_days=600)), "valid")

    assert {valid for *_, valid in rows} == {False}
    assert all(age < 350 for age, *_ in rows)


def test_every_dose_says_maker_lot_route_and_site_that_fit_the_product_and_the_age() -> None:
    infant = seen("infant", {"age": {"months": 2}}, shot("hib", "48"), shot("rota", "116"))
    toddler = seen("toddler", {"age": {"months": 40}}, shot("mmr", "03"), shot("hepa", "83"))
    tables = run(children(NEWBORN), journey(infant, toddler, duration_days=1500))
    columns = ("cvx", "manufacturer", "route", "site", "lot", "expiration_date", "given_date")
    rows = listed(tables["immunizations"], *columns)

    assert {row[:1] + row[2:4] for row in rows} == {
        ("48", "IM", "LT"), ("48", "IM", "RT"), ("116", "PO", None), ("03", "SC", "LA"),
        ("03", "SC", "RA"), ("83", "IM", "LD"), ("83", "IM", "RD")}  # fmt: skip
    for cvx in ("48", "03"):
        for maker, share in products()[cvx].makers.items():
            of = [row[1] for row in rows if row[0] == cvx]
            error = 3 * np.sqrt(share * (1 - share) / len(of))
            assert abs(of.count(maker) / len(of) - share) <= error
    assert all(len(lot) == 7 and expires > day for *_, lot, expires, day in rows)
    lots: dict[str, set[tuple[str, str]]] = {}
    for cvx, maker, _, _, lot, *_ in rows:
        lots.setdefault(lot, set()).add((cvx, maker))
    assert all(len(made) == 1 for made in lots.values())
    assert len(lots) < len(rows) / 5


def test_a_vaccine_without_a_known_series_is_given_on_its_day() -> None:
    tables = run(children(0, 5), journey(shot("typhoid", "25")))
    columns = ("dose", "valid", "manufacturer", "lot", "expiration_date", "route", "site")

    assert set(listed(tables["immunizations"], *columns)) == {
        (NO_DAY, True, None, None, NO_DAY, None, None)}  # fmt: skip


@pytest.mark.parametrize(("chunk", "count"), [pytest.param(1, 5, marks=pytest.mark.proof), (7, 12)])
def test_parts_have_the_doses_of_the_whole(chunk: int, count: int) -> None:
    steps = [seen(f"v{month}", {"age": {"months": month}, "variance_days": 20},
                  shot(f"d{month}", cvx)) for month, cvx in ((12, "83"), (18, "83"))]  # fmt: skip
    whole = run(children(NEWBORN, count), journey(*steps, duration_days=700))
    parts = run(children(NEWBORN, count), journey(*steps, duration_days=700), size=chunk)

    assert listed(whole["immunizations"]) == listed(parts["immunizations"])
