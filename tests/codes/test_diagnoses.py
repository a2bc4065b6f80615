import subprocess
import sys
from datetime import date
from itertools import pairwise

import pytest

from healthsim.codes.diagnoses import RELEASE, icd10cm

MEASURE = """
import resource, sys, tracemalloc
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tracemalloc.start()
from healthsim.codes.diagnoses import icd10cm
book = icd10cm()
assert book.find("E11.9", "code").chronic and "E11" not in book and "Z99.89" in book
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(tracemalloc.get_traced_memory()[1], after - before)
print([name for name in ("numpy", "scipy", "pyarrow", "duckdb") if name in sys.modules])
"""


@pytest.mark.slow
def test_the_book_takes_a_few_megabytes_and_brings_no_heavy_import() -> None:
    told = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True
    ).stdout
    sizes, imports = told.splitlines()
    traced, resident_kib = map(int, sizes.split())

    assert traced < 20_000_000
    assert resident_kib < 50_000 or sys.platform == "darwin"  # there it is told in bytes
    assert imports == "[]"


def test_the_book_is_as_large_as_its_release() -> None:
    assert len(icd10cm().codes) == 74_719


@pytest.mark.slow
def test_every_row_is_found_by_its_code_as_it_was_read() -> None:
    rows = list(icd10cm().every())

    assert len(rows) > 98_000
    assert all(first.code < second.code for first, second in pairwise(rows))
    assert all(icd10cm().entry(row.code) == row for row in rows[::29])
    assert all(row.display and row.category for row in rows)
    assert not any("^" in row.display for row in rows)
    assert all(row.header or not row.gone for row in rows)


@pytest.mark.parametrize(
    ("code", "day", "valid"),
    [
        ("E11.9", date(2025, 1, 1), True),
        ("E11", date(2025, 1, 1), False),
        ("B88.0", date(2025, 9, 30), True),
        ("B88.0", date(2025, 10, 1), False),
        ("B88.01", date(2025, 9, 30), False),
        ("B88.01", date(2025, 10, 1), True),
        ("T40.4X1A", date(2020, 9, 30), True),
        ("T40.4X1A", date(2020, 10, 1), False),
        ("U07.1", date(2020, 3, 31), False),
        ("U07.1", date(2020, 4, 1), True),
        ("J12.82", date(2021, 1, 1), True),
        ("E11.9", date(2140, 1, 1), True),
    ],
)
def test_a_code_can_be_billed_on_its_days(code: str, day: date, valid: bool) -> None:
    row = icd10cm().entry(code)

    assert row is not None
    assert row.valid_on(day) == valid


def test_codes_below_a_beginning_are_the_billable_ones_of_that_day() -> None:
    assert {row.code for row in icd10cm().below("B88")} == {
        "B88.01", "B88.09", "B88.1", "B88.2", "B88.3", "B88.8", "B88.9",
    }  # fmt: skip
    assert "B88.0" in {row.code for row in icd10cm().below("B88", date(2021, 1, 1))}
    assert icd10cm().begins("N18")
    assert not icd10cm().begins("")
    assert not icd10cm().begins("N18.7")


def test_a_retired_code_names_its_successors() -> None:
    row = icd10cm().entry("T40.7X1A")

    assert row is not None
    assert row.successors == ("T40.711A", "T40.721A")
    assert all(icd10cm().find(code, "code").valid_on(RELEASE) for code in row.successors)
    assert "cannabis" in row.display
