"""What a facility bills for a service, for itself, and at which rate of the year."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import healthsim.billing
from healthsim.billing.facility import services
from healthsim.billing.facility.rates import amount, relative
from healthsim.codes import books
from healthsim.dates import day_of

DATA = Path(healthsim.billing.__file__).parent / "data"
OURS = (
    "facility_services", "facility_rooms", "facility_companions", "stay_procedures",
    "facility_stay_charges",
)  # fmt: skip


@pytest.mark.parametrize(("code", "place", "billed"), [
    ("99213", "outpatient_hospital", ("G0463", "0510")),
    ("99284", "emergency", ("99284", "0450")),
    ("99223", "observation", None),
    ("93000", "outpatient_hospital", ("93005", "0730")),
    ("93010", "emergency", None),
    ("01402", "outpatient_hospital", None),
    ("74177", "emergency", ("74177", "0352")),
    ("80053", "outpatient_hospital", ("80053", "0301")),
    ("J9263", "outpatient_hospital", ("J9263", "0636")),
    ("27447", "outpatient_hospital", ("27447", "0360")),
    ("25605", "emergency", ("25605", "0450")),
    ("45385", "outpatient_hospital", ("45385", "0750")),
    ("66984", "asc", ("66984", "0490")),
    ("90999", "dialysis", ("90999", "0821")),
    ("G0299", "home_health", ("G0299", "0551")),
    ("27447", "inpatient", None),
    ("71046", "inpatient", ("71046", "0324")),
    ("A0427", "emergency", None),
])  # fmt: skip
def test_a_service_has_its_revenue_centre_and_its_code_or_no_line(
    code: str, place: str, billed: tuple[str, str] | None
) -> None:
    found = services.facility_service(code, place)

    assert (None if found is None else (found.code, found.revenue)) == billed


def test_some_codes_are_only_a_facilitys() -> None:
    assert all(map(services.is_facility_only, ("90999", "G0299", "G0463", "G0378")))
    assert not any(map(services.is_facility_only, ("99213", "93005", "J9263", "27447")))


@pytest.mark.parametrize(("procedures", "centres"), [
    (("0SRC0J9",), ("0278", "0360")),
    (("10E0XZZ",), ("0722",)),
    (("10D00Z1",), ("0360",)),
    (("027034Z", "4A023N7", "B2111ZZ"), ("0278", "0481")),
    (("0DB68ZX",), ("0750",)),
    (("30233N1",), ("0391",)),
    (("0HQ0XZZ",), ()),
])  # fmt: skip
def test_the_rooms_of_a_stay_follow_from_its_procedures(
    procedures: tuple[str, ...], centres: tuple[str, ...]
) -> None:
    assert services.stay_revenues(procedures) == centres


def test_a_newborn_in_intensive_care_has_its_room() -> None:
    assert services.room_of_stay("pediatrics", ("99468",)) == "neonatology"
    assert services.room_of_stay("pediatrics", ("99460",)) == "nursery"
    assert services.room_of_stay("obstetrics and gynecology", ("59400",)) == "obstetrics"
    assert services.room_of_stay("hospitalist", ("99223",)) == "room"


def test_a_new_knee_comes_with_its_implant() -> None:
    found = services.companions("27447", "outpatient_hospital")

    assert ("0278", "C1776") in {(one.revenue, one.code) for one in found}
    assert services.companions("27447", "emergency") == ()


@pytest.mark.parametrize("name", OURS)
def test_every_centre_is_in_the_book_and_every_row_has_a_source(name: str) -> None:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))

    assert {row["revenue"] for row in found} - {""} <= set(books.revenue().codes)
    assert all(row["source"] and row["confidence"] in "VDMA" for row in found)


def test_a_rate_changes_on_its_day() -> None:
    days = np.array([day_of(day) for day in ("2024-12-31", "2025-01-01", "2025-12-31")])

    assert amount("esrd", days.astype(np.int32)).tolist() == [271.02, 273.82, 273.82]
    assert relative("esrd", days.astype(np.int32))[1] == 1


def test_a_fiscal_year_begins_in_october() -> None:
    days = np.array([day_of(day) for day in ("2025-09-30", "2025-10-01")], dtype=np.int32)

    assert amount("ipps_operating", days).tolist() == [6_624.39, 6_752.61]


@pytest.mark.parametrize(("day", "years"), [
    ("2026-12-31", 0), ("2027-01-01", 1), ("2030-06-01", 4), ("2022-12-31", -1),
])  # fmt: skip
def test_outside_of_the_table_a_rate_rises_by_two_percent_a_year(day: str, years: int) -> None:
    nearest = 265.57 if years < 0 else 281.71

    found = amount("esrd", np.array([day_of(day)], dtype=np.int32))[0]
    assert found == pytest.approx(nearest * 1.02**years, abs=1e-5)
