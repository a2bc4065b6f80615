"""Places in a document, dotted or as a JSON pointer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthsim.building import paths
from healthsim.errors import HealthSimError, Refused

DOCUMENT = {
    "demographics": {"age": {"mean": 72}},
    "clinical": {"comorbidities": [{"code": "I10", "share": 0.7}, {"code": "E78.5", "share": 0.6}]},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("demographics.age.mean", 72),
        ("/demographics/age/mean", 72),
        ("$.demographics.age.mean", 72),
        ("clinical.comorbidities[0].share", 0.7),
        ("clinical.comorbidities[I10].share", 0.7),
        ("clinical.comorbidities[E78.5].share", 0.6),
        ("/clinical/comorbidities/1/share", 0.6),
        ("clinical.comorbidities['E78.5'].share", 0.6),
    ],
)
def test_both_ways_of_writing_a_path_find_the_same_place(path: str, value: object) -> None:
    assert paths.find(DOCUMENT, paths.parse(path)) == value


def test_what_is_written_can_be_parsed_again() -> None:
    pieces = ["clinical", "comorbidities", "E78.5", "share"]

    assert paths.parse(paths.write(pieces)) == pieces


@pytest.mark.parametrize("path", ["", "/", "[]", "a[]", "."])
def test_a_path_that_names_no_place_is_refused(path: str) -> None:
    with pytest.raises(Refused, match="write it like"):
        paths.parse(path)


def test_a_missing_list_item_is_answered_with_those_that_are_there() -> None:
    with pytest.raises(Refused, match=r"it holds I10, E78\.5"):
        paths.change({"c": [{"code": "I10"}, {"code": "E78.5"}]}, "remove", ["c", "I11"], None)


@pytest.mark.slow
@given(st.text(max_size=60), st.sampled_from(["set", "remove", "append"]))
def test_any_path_changes_something_or_says_why_not(path: str, op: str) -> None:
    document = {"a": {"b": 1}, "c": [1, {"id": "x"}], "d": None}
    try:
        paths.change(document, op, paths.parse(path), 5)
    except HealthSimError:
        return


JOURNEY = {
    "parts": {"flu": {"steps": [{"id": "shot"}, {"id": "note"}]}},
    "phases": [
        {"name": "all", "steps": [
            {"id": "treatment", "do": "protocol",
             "delay": {"steps": [{"id": "recheck"}]},
             "visits": [{"id": "dosing", "steps": [{"id": "blood"}]}],
             "unscheduled": {"id": "extra", "steps": [{"id": "call"}]}},
            {"id": "grades", "do": "stages", "stages": [
                {"name": "2", "steps": [{"id": "early"}], "moves": [{"to": "1"}, {"to": "0"}]},
                {"name": "1", "steps": [{"id": "late"}]},
                {"name": "0"}]},
            {"id": "better", "do": "wait", "steps": [{"id": "good"}],
             "otherwise": [{"id": "poor"}]},
            {"id": "delivery", "newborn": [{"id": "weight"}], "with": [{"id": "shot"}]},
            {"id": "flu", "do": "include", "part": "flu"},
        ]}
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["recheck", "dosing", "blood", "extra", "call", "early", "late", "good", "poor", "weight",
     "note", "delivery", "treatment#3/dosing"],
)  # fmt: skip
def test_a_step_is_found_in_everything_that_holds_steps(name: str) -> None:
    found = paths.find(JOURNEY, paths.step(JOURNEY, name))

    assert found["id"] == name.split("/")[-1]


def test_a_step_of_a_part_is_told_from_another_of_its_id() -> None:
    assert paths.step(JOURNEY, "flu/shot")[:2] == ["parts", "flu"]
    assert paths.step(JOURNEY, "delivery/shot")[-2:] == ["with", "0"]


def test_a_figure_that_may_be_a_stages_name_or_number_is_not_guessed() -> None:
    place, stages = paths.step(JOURNEY, "late"), paths.step(JOURNEY, "grades")

    assert paths.find(JOURNEY, paths.parse(paths.write(place)))["id"] == "late"
    for written, moves in (('stages["2"].moves["0"]', {"to": "0"}), ("stages[#2]", {"name": "0"})):
        pieces = [*stages, *paths.parse(written)]
        assert paths.find(JOURNEY, pieces) == moves
        assert paths.parse(paths.write(pieces)) == pieces
    with pytest.raises(Refused, match="for the one of this name"):
        paths.find(JOURNEY, [*stages, "stages", "2"])


def test_a_missing_stage_is_answered_with_those_that_are_there() -> None:
    stages = paths.step(JOURNEY, "grades")
    with pytest.raises(Refused, match="it holds 2, 1, 0"):
        paths.change(JOURNEY, "remove", [*stages, "stages", "3a"], None)
    with pytest.raises(Refused, match="did you mean 'dosing'"):
        paths.step(JOURNEY, "dosng")


def test_parts_are_named_by_their_keys_and_by_numbers_where_a_name_is_of_two() -> None:
    items = [{"id": "a"}, {"id": "b"}, {"name": "b"}, {"name": "3"}, [1], {"name": "x]"}]

    assert [part.split(" ")[0] for part in paths.parts_of(items, "s", 1000)] == [
        "s[a]", "s[1]", "s[2]", "s[#3]", "s[4]", "s[5]"
    ]  # fmt: skip


def test_a_part_that_is_too_long_itself_is_named_by_its_parts() -> None:
    value = {"phases": [{"name": "year", "steps": [{"id": "a"}, {"id": "b"}]}], "title": "t"}

    assert paths.parts_of(value, "journeys[0]", 30) == [
        'journeys[0].phases[year].name (6)', 'journeys[0].phases[year].steps (26)',
        'journeys[0].title (3)',
    ]  # fmt: skip


def test_many_parts_are_named_up_to_a_number_and_quickly() -> None:
    parts = paths.parts_of([{"id": f"s{number}"} for number in range(100_000)], "s", 1000, most=3)

    assert parts == ["s[s0] (12)", "s[s1] (12)", "s[s2] (12)", "and more"]
