"""Promise 2: the first people do not change when the population grows."""

from __future__ import annotations

import pytest

from execution.running import charted, diabetic, first_year, listed
from healthsim.tables import Columns

LAST = 60 * 100 + 1


@pytest.fixture(scope="module")
def grown() -> tuple[dict[str, Columns], dict[str, Columns]]:
    return charted(diabetic(count=60), first_year()), charted(diabetic(count=130), first_year())


@pytest.mark.slow
def test_the_first_people_keep_every_row(grown: tuple[dict[str, Columns], ...]) -> None:
    small, large = grown
    for name, columns in small.items():
        if "person_id" in columns:
            kept = [row for row in listed(large[name]) if _person(large[name], row) <= LAST]
            assert kept == listed(columns), name


def test_shared_tables_only_grow(grown: tuple[dict[str, Columns], ...]) -> None:
    small, large = grown
    shared = {name for name, columns in small.items() if "person_id" not in columns}

    assert shared >= {"plans", "providers", "facilities", "pharmacies"}
    for name in shared:
        assert set(listed(small[name])) <= set(listed(large[name])), name


def test_a_balanced_population_gives_growth_up() -> None:
    small = charted(diabetic(count=20, sampling="balanced"))
    large = charted(diabetic(count=50, sampling="balanced"))

    assert listed(small["patients"], "birth_date") != listed(large["patients"], "birth_date")[:20]


def test_exact_counts_give_growth_up_for_what_they_count_alone() -> None:
    def tables(count: int) -> dict[str, Columns]:
        profile = diabetic(count=count)
        groups = [{"when": "gender == 'F'", "count": 5}]
        profile["clinical"]["comorbidities"] = [{"code": "F41.9", "exactly": groups}]
        return charted(profile)

    small, large = tables(20), tables(90)
    held = [{person for person, code in listed(one["conditions"], "person_id", "code")
             if code == "F41.9" and person <= LAST} for one in (small, large)]  # fmt: skip

    assert held[0] != held[1]
    assert listed(small["patients"]) == listed(large["patients"])[:20]


def _person(columns: Columns, row: tuple[object, ...]) -> int:
    found = row[list(columns).index("person_id")]
    assert isinstance(found, int)
    return found
