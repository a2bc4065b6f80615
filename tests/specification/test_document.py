"""The door that specifications come in by."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.running import diabetic, first_year
from healthsim.errors import Problem, SpecError, near
from healthsim.specification.document import parse_json, read
from healthsim.specification.faults.problems import path_of
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec


def test_a_document_may_be_text_bytes_or_parsed() -> None:
    parsed = read(ProfileSpec, diabetic())

    assert read(ProfileSpec, json.dumps(diabetic())) == parsed
    assert read(ProfileSpec, json.dumps(diabetic()).encode()) == parsed


@pytest.mark.parametrize(
    ("model", "document"), [(ProfileSpec, diabetic()), (JourneySpec, first_year())]
)
def test_canonical_text_says_the_same_again(
    model: type[ProfileSpec | JourneySpec], document: dict[str, object]
) -> None:
    once = read(model, document)
    again = read(model, once.text())

    assert again.text() == once.text()
    assert again == once


def test_canonical_text_keeps_the_order_in_which_weights_cumulate() -> None:
    found = read(ProfileSpec, diabetic(demographics={"gender": {"M": 0.48, "F": 0.52}}))

    assert '"weights":{"M":0.48,"F":0.52}' in found.text()


EVERY_KIND: tuple[object, ...] = (
    3, {"a": 0.5, "b": 0.5}, {"type": "categorical", "exactly": {"a": 30, "b": 30}},
    {"type": "explicit", "values": [1, 2, 5], "order": "cycle"},
    {"type": "uniform", "low": 0, "high": 1}, {"type": "normal", "mean": 1, "sd": 2, "high": 9},
    {"type": "lognormal", "mean": 3, "sd": 2}, {"type": "triangular", "low": 0, "mode": 1,
        "high": 2},
    {"type": "beta", "mean": 0.8, "concentration": 12}, {"type": "gamma", "mean": 3, "sd": 2},
    {"type": "exponential", "mean": 4}, {"type": "weibull", "scale": 3, "shape": 2},
    {"type": "poisson", "mean": 2}, {"type": "negative_binomial", "mean": 2, "dispersion": 1},
    {"type": "bands", "bands": [{"low": 0, "high": 5, "weight": 1}]},
    {"type": "quantiles", "points": {"0.05": 80, "0.5": 120, "0.95": 200}},
    {"type": "mixture", "parts": [{"weight": 0.5, "of": 1}, {"weight": 0.5,
        "of": {"type": "poisson", "mean": 2}}]},
    {"type": "conditional", "cases": [{"when": "age > 70", "then": 1}], "otherwise": 0},
    {"type": "formula", "value": "5.5 + 0.03 * (age - 25)", "plus": {"type": "normal", "mean": 0,
        "sd": 1}},
    {"type": "population", "measure": "diabetes"},
)  # fmt: skip


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=lambda one: str(one)[:40])
def test_every_kind_of_distribution_survives_its_own_text(distribution: object) -> None:
    once = read(ProfileSpec, diabetic(attributes={"x": distribution}))

    assert read(ProfileSpec, once.text()).attributes == once.attributes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ('{"a": 1} x', "is not JSON"),
        ("[" * 100_000, "nested"),
        (" " * 2_000_001, "bytes"),
        (b"\xff", "is not JSON"),
    ],
)
def test_text_that_is_not_one_json_object_is_refused(text: str | bytes, found: str) -> None:
    with pytest.raises(SpecError, match=found):
        parse_json(text, "profile")


@pytest.mark.parametrize("document", [[], 3, None, '"x"', "[]", True])
def test_what_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(SpecError, match="give a JSON object"):
        read(ProfileSpec, document, "profile")


def test_documents_nested_too_deep_are_refused() -> None:
    deep: dict[str, object] = {"type": "poisson", "mean": 1}
    for _ in range(70):
        deep = {"type": "mixture", "parts": [{"weight": 1, "of": deep}]}

    with pytest.raises(SpecError, match="nested over 60 deep"):
        read(ProfileSpec, diabetic(attributes={"x": deep}), "profile")


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "type", "count", "demographics", "phases", "x", "steps"]), inner,
        max_size=3),
    max_leaves=12))  # fmt: skip
def test_anything_at_all_is_read_or_refused(document: object) -> None:
    for model in (ProfileSpec, JourneySpec):
        problems: tuple[Problem, ...] = ()
        try:
            read(model, document, "here")
        except SpecError as error:
            problems = error.problems
        assert all(problem.where.startswith("here") for problem in problems)


@pytest.mark.parametrize(
    ("model", "location", "path"),
    [
        (ProfileSpec, (), "document"),
        (ProfileSpec, ("demographics", "age", "normal", "sd"), "demographics.age.sd"),
        (
            JourneySpec,
            ("phases", 0, "steps", 3, "event:lab", "details"),
            "phases[0].steps[3].details",
        ),
    ],
)
def test_paths_name_places_and_not_the_kinds_of_unions(
    model: type[ProfileSpec | JourneySpec], location: tuple[str | int, ...], path: str
) -> None:
    assert path_of(location, model) == path


def test_an_error_says_every_problem_and_shows_the_first() -> None:
    error = SpecError([Problem("a", "is wrong", "mend it"), Problem("b", "too", "also")])

    assert str(error) == "a: is wrong; mend it\nb: too; also"
    assert error.problem.where == "a"


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("gendr", ["gender", "age"], "did you mean 'gender'?"),
        ("zzz", ["b", "a"], "known: a, b"),
        ("x", [], "there are none yet"),
    ],
)
def test_near_names_are_suggested(name: str, known: list[str], said: str) -> None:
    assert near(name, known) == said
