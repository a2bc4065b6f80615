"""Vaccines that are due at a visit and not given: once in a season, never beside a dose."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from healthsim.medicine.vaccines_not_given import REASONS, not_given
from healthsim.tables import Coded, Columns
from template_runs import BIRTHS, KNEES, charts


@pytest.fixture(scope="module")
def adults() -> dict[str, Columns]:
    return charts(*KNEES)


def _rows(tables: dict[str, Columns]) -> list[tuple[int, str, str]]:
    columns = tables["immunizations_not_given"]
    assert isinstance(columns["cvx"], Coded)
    assert isinstance(columns["reason_code"], Coded)
    return [
        (person, str(cvx), str(reason))
        for person, cvx, reason in zip(
            np.asarray(columns["person_id"]).tolist(),
            columns["cvx"].texts(),
            columns["reason_code"].texts(),
            strict=True,
        )
    ]


def test_some_refuse_what_is_due_and_each_once(adults: dict[str, Columns]) -> None:
    rows = _rows(adults)
    people = Counter((person, cvx) for person, cvx, _ in rows if cvx in {"216", "187", "305"})

    assert {"216", "187", "141"} <= {cvx for _, cvx, _ in rows}
    assert set(people.values()) == {1}
    assert 3 < len({person for person, cvx, _ in rows if cvx == "216"}) < 20


@pytest.mark.slow
def test_children_who_get_a_vaccine_do_not_refuse_it() -> None:
    tables = charts("newborn", ("well-child-schedule",), 16)
    doses = tables["immunizations"]
    assert isinstance(doses["cvx"], Coded)
    given = set(zip(np.asarray(doses["person_id"]).tolist(), doses["cvx"].texts(), strict=True))
    rows = _rows(tables)

    assert rows
    assert {(person, cvx) for person, cvx, _ in rows if cvx in {"03", "21"}}.isdisjoint(given)
    assert {cvx for _, cvx, _ in rows}.isdisjoint({"216", "187", "305", "165"})


@pytest.mark.slow
def test_who_is_pregnant_is_given_no_live_vaccine() -> None:
    rows = _rows(charts(*BIRTHS))
    live = [reason for _, cvx, reason in rows if cvx in {"03", "21"}]

    assert live
    assert set(live) == {"MEDPREC"}


def test_reasons_are_codes_of_hl7_and_shares_are_shares() -> None:
    assert {one.reason for one in not_given()} == set(REASONS)
    assert all(0 < one.share < 1 for one in not_given())
