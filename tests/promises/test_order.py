"""What document order decides, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import charted, diabetic, first_year, journey, lab, listed, visit
from healthsim.tables import Columns


def turned(document: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return the document with the keys of one object in the opposite order."""
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = dict(reversed(inner[path[-1]].items()))
    return document


@pytest.fixture(scope="module")
def straight() -> dict[str, Columns]:
    return charted(diabetic(), first_year())


@pytest.mark.slow
def test_the_order_of_named_parts_and_of_keys_changes_nothing(
    straight: dict[str, Columns],
) -> None:
    profile = diabetic()
    for part in ("attributes", "demographics", "clinical"):
        profile = turned(profile, part)
    document = first_year()
    document = dict(reversed(document.items()))
    document["phases"] = [dict(reversed(phase.items())) for phase in document["phases"]]
    document["phases"][0]["steps"] = [
        dict(reversed(step.items())) for step in document["phases"][0]["steps"]
    ]
    tables = charted(profile, document)

    for name in straight:
        assert listed(tables[name]) == listed(straight[name]), name


def test_weights_cumulate_in_document_order(straight: dict[str, Columns]) -> None:
    tables = charted(turned(diabetic(), "demographics", "gender"))
    before, after = (listed(one["patients"], "gender") for one in (straight, tables))

    assert before != after  # another label has the lower end of the uniform
    assert listed(tables["patients"], "birth_date") == listed(straight["patients"], "birth_date")


@pytest.mark.slow
def test_comorbidities_in_another_order_are_the_same_conditions(
    straight: dict[str, Columns],
) -> None:
    profile = diabetic()
    profile["clinical"]["comorbidities"].reverse()
    tables = charted(profile, first_year())

    for name in ("patients", "conditions", "lab_results", "events", "fills"):
        assert listed(tables[name]) == listed(straight[name]), name


@pytest.mark.slow
def test_phases_group_and_open_no_scope() -> None:
    steps = [visit("first", 3), lab("second", {"after": "first", "day": 4}), lab("third", 9)]
    one = charted(diabetic(), journey(*steps))
    two = charted(diabetic(), journey() | {"phases": [{"name": "a", "steps": steps[:1]},
                                                  {"name": "b", "steps": steps[1:]}]})  # fmt: skip

    assert listed(one["events"], "event_id", "event_date") == listed(
        two["events"], "event_id", "event_date"
    )


@pytest.mark.slow
def test_on_one_day_document_order_decides_what_is_seen() -> None:
    change = {"do": "change", "id": "up", "state": "a1c", "to": 17.7, "at": 5}
    state = {"a1c": {"start": "attribute", "decimals": 1}}
    before = charted(diabetic(), journey(change, lab("read", 5, **{"from": "a1c"}), state=state))
    after = charted(diabetic(), journey(lab("read", 5, **{"from": "a1c"}), change, state=state))

    assert {value for (value,) in listed(before["lab_results"], "value")} == {17.7}
    assert 17.7 not in {value for (value,) in listed(after["lab_results"], "value")}
