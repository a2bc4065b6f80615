"""The one door: chunks, threads, stopping, and what tables a job fills."""

from __future__ import annotations

import threading
from functools import cache

import pytest

from execution.running import Document, charted, diabetic, first_year, journey, lab, listed, visit
from healthsim.errors import Cancelled
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.products.catalogue import tables_of
from healthsim.tables import NO_NUMBER, Columns


@cache
def _year(*products: str) -> dict[str, Columns]:
    """Return the first year of 20 people with these products (default: all), made once."""
    return charted(_some(*products), first_year())


def _some(*products: str) -> Document:
    return diabetic(count=20, **({"products": list(products)} if products else {}))


@pytest.mark.slow
def test_chunks_come_in_the_order_of_people_and_end_with_what_is_shared() -> None:
    job = prepare(diabetic(count=20))
    found = list(chunks(job, size=7, threads=3))

    assert [(one.start, one.count) for one in found] == [(0, 7), (7, 7), (14, 6), (20, 0)]
    assert found[-1].tables.keys() == {
        "plans", "plan_years", "plan_networks", "providers", "facilities", "pharmacies",
    }  # fmt: skip


def test_a_run_stops_within_a_chunk_of_being_asked() -> None:
    stop = threading.Event()
    found = chunks(prepare(diabetic(count=50)), size=5, threads=1, stop=stop)
    next(found)
    stop.set()

    with pytest.raises(Cancelled, match="asked to stop"):
        next(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "products",
    [["patientsim"], ["membersim"], ["rxmembersim"], ["membersim", "rxmembersim"],
     ["patientsim", "rxmembersim"]],
)  # fmt: skip
def test_a_job_fills_the_tables_of_its_products_and_no_others(products: list[str]) -> None:
    job = prepare(_some(*products), [first_year()])
    tables = _year(*products)

    assert tables.keys() == {table.name for table in job.tables} == {
        table.name for table in tables_of(products, attributes=True)
    }  # fmt: skip
    for table in job.tables:
        assert list(tables[table.name]) == [column.name for column in table.columns], table.name


@pytest.mark.slow
def test_a_profile_with_attributes_has_a_row_for_each_and_another_no_such_table() -> None:
    with_them = _year("patientsim")
    without = charted(diabetic(count=10, products=["patientsim"], attributes={}))
    a1c = [number for _, name, text, number in listed(with_them["person_attributes"])
           if name == "a1c" and text is None]  # fmt: skip

    assert len(a1c) == 20
    assert all(4 < number < 16 for number in a1c)
    assert "person_attributes" not in without


@pytest.mark.slow
@pytest.mark.parametrize("products", [["membersim"], ["rxmembersim"], ["patientsim"]])
def test_what_is_asked_for_alone_is_the_same_as_beside_the_others(products: list[str]) -> None:
    every, alone = _year(), _year(*products)
    owned = {table.name for table in tables_of(products)} - {
        "providers",
        "facilities",
        "pharmacies",
    }

    for name in owned:
        assert listed(alone[name]) == listed(every[name]), name


def test_no_required_column_has_a_null_and_every_reference_is_held() -> None:
    tables = _year()
    for table in prepare(_some(), [first_year()]).tables:
        for column in table.columns:
            rows = [value for (value,) in listed(tables[table.name], column.name)]
            present = [value for value in rows if value not in (None, int(NO_NUMBER), -(2**31))]
            assert not column.required or len(present) == len(rows), (table.name, column.name)
            other, _, key = column.references.partition(".")
            if other in tables:
                held = {value for (value,) in listed(tables[other], key)}
                assert set(present) <= held, (table.name, column.name)


def test_every_record_of_an_event_names_an_event_of_the_same_person() -> None:
    tables = _year()
    events = set(listed(tables["events"], "event_id", "person_id"))
    for name, columns in tables.items():
        if "event_id" in columns and name != "events" and "person_id" in columns:
            found = listed(columns, "event_id", "person_id")
            assert {pair for pair in found if pair[0] != int(NO_NUMBER)} <= events, name


def test_a_journey_fills_nothing_for_those_who_are_not_eligible() -> None:
    tables = charted(diabetic(count=40), journey(visit("v"), eligible="gender == 'F'"))
    women = {person for person, gender in listed(tables["patients"], "person_id", "gender")
             if gender == "F"}  # fmt: skip

    assert 0 < len(women) < 40
    for name in ("events", "encounters", "claims"):
        assert {person for (person,) in listed(tables[name], "person_id")} == women, name


def test_a_profile_alone_is_enough() -> None:
    tables = charted(diabetic(count=10))

    assert len(tables["patients"]["person_id"]) == 10
    assert len(tables["fills"]["person_id"]) > 0


@pytest.mark.slow
def test_one_person_is_enough() -> None:
    tables = charted(diabetic(count=1), first_year())

    assert len(tables["patients"]["person_id"]) == 1


def test_a_lab_that_says_no_result_is_that_of_the_person() -> None:
    tables = charted(diabetic(count=500, products=["patientsim"]), journey(lab("l")))
    held = {person: number for person, name, number in
            listed(tables["person_attributes"], "person_id", "name", "number")
            if name == "a1c"}  # fmt: skip
    apart = [value - held[person] for person, value in
             listed(tables["lab_results"], "person_id", "value")]  # fmt: skip

    assert len(set(held.values())) > 20
    assert max(map(abs, apart)) < 0.6
    assert abs(sum(apart) / len(apart)) < 0.05
