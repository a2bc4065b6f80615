import itertools
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from scipy import stats

import healthsim
from healthsim.errors import Refused
from healthsim.specification.distributions.kinds import (
    Distribution,
    DrawInput,
    NumberDistribution,
    TextDistribution,
    parse_distribution,
)
from healthsim.specification.language.expressions import parse
from healthsim.streams import Streams
from healthsim.tables import Coded

N = 20_000
U = (Streams(seed=5).permuted("order", np.arange(N), N) + Streams(seed=5).uniform("u", 0, N)) / N


@dataclass
class People:
    size: int
    columns: dict[str, object] = field(default_factory=dict)

    def name(self, name):
        column = self.columns[name]
        return column if isinstance(column, Coded) else np.array(column, dtype=np.float64)

    def call(self, function, argument):
        raise AssertionError((function, argument))


def draw(u, scope=None, **more):
    return DrawInput(np.asarray(u), np.arange(len(u)), scope, **more)


# each instance, the mean it must have and its standard deviation (closed forms)
NUMERIC = [
    ({"type": "constant", "value": 3.25}, 3.25, 0),
    ({"type": "uniform", "low": -2, "high": 4}, 1, 6 / math.sqrt(12)),
    ({"type": "uniform", "low": 1, "high": 6, "decimals": 0}, 3.5, math.sqrt(35 / 12)),
    ({"type": "normal", "mean": 72, "sd": 8}, 72, 8),
    ({"type": "normal", "mean": 72, "sd": 8, "low": 65, "high": 95, "decimals": 6}, None, 8),
    ({"type": "normal", "mean": 0, "sd": 1, "low": 8, "high": 9}, None, 1),
    ({"type": "normal", "mean": 0, "sd": 1, "low": -9, "high": -8}, None, 1),
    ({"type": "normal", "mean": 1, "sd": 2, "low": 0.4, "decimals": 0}, None, 2),
    ({"type": "normal", "mean": 1, "sd": 2, "high": 0}, None, 2),
    ({"type": "lognormal", "mean": 120, "sd": 40}, 120, 40),
    ({"type": "lognormal", "mean": 120, "sd": 400, "low": 0, "high": 500}, None, 400),
    ({"type": "triangular", "low": 1, "mode": 2, "high": 6}, 3, math.sqrt(21 / 18)),
    ({"type": "triangular", "low": 0, "mode": 0, "high": 3}, 1, math.sqrt(9 / 18)),
    ({"type": "beta", "mean": 0.8, "concentration": 12}, 0.8, math.sqrt(0.16 / 13)),
    ({"type": "gamma", "mean": 8, "sd": 5}, 8, 5),
    ({"type": "gamma", "mean": 2, "sd": 6, "decimals": 9}, 2, 6),
    ({"type": "exponential", "mean": 30}, 30, 30),
    ({"type": "weibull", "scale": 2, "shape": 2}, math.sqrt(math.pi), 0.93),
    ({"type": "poisson", "mean": 3.2}, 3.2, math.sqrt(3.2)),
    ({"type": "poisson", "mean": 0.01}, 0.01, 0.1),
    ({"type": "poisson", "mean": 250_000}, 250_000, 500),
    ({"type": "negative_binomial", "mean": 3, "dispersion": 0.5}, 3, math.sqrt(21)),
    ({"type": "negative_binomial", "mean": 40, "dispersion": 200}, 40, math.sqrt(48)),
    (
        {
            "type": "bands",
            "decimals": 0,
            "bands": [
                {"low": 65, "high": 70, "weight": 0.5},
                {"low": 70, "high": 80, "weight": 0.3},
                {"low": 18, "high": 20, "weight": 0.2},
            ],
        },
        0.5 * 67 + 0.3 * 74.5 + 0.2 * 18.5,
        25,
    ),
    ({"type": "quantiles", "points": {"0": 0, "0.5": 10, "1": 40}}, 15, 11),
    (
        {
            "type": "mixture",
            "parts": [
                {"weight": 0.7, "of": {"type": "normal", "mean": 100, "sd": 5}},
                {"weight": 0.3, "of": {"type": "exponential", "mean": 10}},
            ],
        },
        73,
        45,
    ),
    ({"type": "explicit", "values": [1, 2, 4.5]}, 2.5, 1.5),
    ({"type": "explicit", "values": [1, 2, 4.5], "order": "cycle"}, 2.5, 1.5),
]
NAMES = [f"{document['type']}{number}" for number, (document, *_) in enumerate(NUMERIC)]
every_numeric = pytest.mark.parametrize(("document", "mean", "sd"), NUMERIC, ids=NAMES)

TEXTS = [
    {"type": "categorical", "weights": {"a": 0.25, "b": 0, "c": 0.75}},
    {"type": "explicit", "values": ["x", "y", "x"]},
    {"type": "constant", "value": "M"},
    {
        "type": "mixture",
        "parts": [{"weight": 0.5, "of": {"b": 1}}, {"weight": 0.5, "of": {"a": 0.5, "b": 0.5}}],
    },
]
NEEDY = [
    {"type": "categorical", "exactly": {"M": 15_000, "F": 5_000}},
    {
        "type": "conditional",
        "cases": [
            {"when": "bmi > 30", "then": {"type": "normal", "mean": 9, "sd": 1, "decimals": 1}},
            {"when": "bmi > 25 and sex == 'F'", "then": 7},
        ],
        "otherwise": {"type": "explicit", "values": [1, 2, 3], "order": "cycle"},
    },
    {
        "type": "mixture",
        "parts": [
            {
                "weight": 0.5,
                "of": {
                    "type": "conditional",
                    "cases": [{"when": "sex == 'F'", "then": {"c": 1}}],
                    "otherwise": {"a": 0.5, "b": 0.5},
                },
            },
            {"weight": 0.5, "of": {"b": 1}},
        ],
    },
    {"type": "formula", "value": "5.5 + 0.03 * (bmi - 25)", "plus": {"type": "exponential",
                                                                     "mean": 1}},
]  # fmt: skip
EVERY = [document for document, *_ in NUMERIC] + TEXTS + NEEDY


def _people(start, stop):
    bmi = 20 + 15 * Streams(seed=6).uniform("bmi", start, stop - start)
    sex = (Streams(seed=6).uniform("sex", start, stop - start) > 0.4).astype(np.int32)
    return People(stop - start, {"bmi": bmi, "sex": Coded(sex, ("M", "F"))})


def _slice(start, stop):
    index = np.arange(start, stop)

    def places():
        return Streams(seed=8).permuted("places", index, N)

    return DrawInput(U[start:stop], index, _people(start, stop), places, N)


def _plain(values):
    return values.texts() if isinstance(values, Coded) else values.tolist()


@every_numeric
def test_numbers_have_the_mean_that_was_asked_for(document, mean, sd):
    values = parse_distribution(document).values(draw(U))

    assert values.shape == (N,)
    if mean is not None:
        assert values.mean() == pytest.approx(mean, abs=3 * sd / math.sqrt(N) + 1e-9)


@every_numeric
def test_numbers_are_rounded_and_lie_within_the_range(document, mean, sd):
    distribution = parse_distribution(document)
    low, high = distribution.range()
    values = distribution.values(draw(np.concatenate([U, [2.0**-53, 1 - 2.0**-53]])))

    assert np.isfinite(values).all()
    assert values.min() >= low
    assert values.max() <= high
    decimals = getattr(distribution, "decimals", 4)
    assert np.array_equal(values, np.round(values, decimals))
    assert low <= distribution.middle() <= high


@every_numeric
def test_a_quantile_never_falls_as_its_uniform_rises(document, mean, sd):
    if document["type"] in ("mixture", "explicit"):
        return  # they choose by document order, which need not rise
    rising = parse_distribution(document).quantile(np.sort(U))

    assert (np.diff(rising) >= 0).all()


@pytest.mark.parametrize("document", EVERY)
def test_a_slice_of_people_is_the_same_alone(document):
    distribution = parse_distribution(document)
    whole = _plain(distribution.values(_slice(0, N)))
    parts = [_plain(distribution.values(_slice(*at))) for at in ((0, 1), (1, 7000), (7000, N))]

    assert whole == list(itertools.chain(*parts))


@pytest.mark.parametrize("document", EVERY)
def test_a_distribution_survives_json(document):
    distribution = parse_distribution(document)
    text = json.dumps(distribution.model_dump(mode="json"))
    again = parse_distribution(json.loads(text))

    assert again == distribution
    assert type(again) is type(distribution)
    assert json.dumps(again.model_dump(mode="json")) == text


@pytest.mark.parametrize("document", EVERY)
def test_one_draw_needs_one_uniform_and_no_state(document):
    distribution = parse_distribution(document)

    assert _plain(distribution.values(_slice(0, 500))) == _plain(
        distribution.values(_slice(0, 500))
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("document", "reference"),
    [
        ({"type": "normal", "mean": 0, "sd": 1, "low": 8, "high": 9}, stats.truncnorm(8, 9)),
        ({"type": "normal", "mean": 3, "sd": 2, "low": 2}, stats.truncnorm(-0.5, 99, 3, 2)),
        ({"type": "beta", "mean": 0.3, "concentration": 5}, stats.beta(1.5, 3.5)),
        ({"type": "gamma", "mean": 8, "sd": 5}, stats.gamma(2.56, scale=25 / 8)),
        ({"type": "weibull", "scale": 3, "shape": 0.7}, stats.weibull_min(0.7, scale=3)),
        ({"type": "triangular", "low": 1, "mode": 2, "high": 6}, stats.triang(0.2, 1, 5)),
        ({"type": "poisson", "mean": 0.3}, stats.poisson(0.3)),
        ({"type": "poisson", "mean": 41.5}, stats.poisson(41.5)),
        ({"type": "poisson", "mean": 80_000}, stats.poisson(80_000)),
        ({"type": "negative_binomial", "mean": 3, "dispersion": 0.5}, stats.nbinom(0.5, 0.5 / 3.5)),
        ({"type": "negative_binomial", "mean": 90, "dispersion": 4}, stats.nbinom(4, 4 / 94)),
    ],
)
def test_quantiles_agree_with_an_independent_reference(document, reference):
    u = U[:3000]
    assert parse_distribution(document).quantile(u) == pytest.approx(reference.ppf(u), abs=5.1e-5)


@pytest.mark.parametrize(
    ("document", "reference"),
    [
        ({"type": "poisson", "mean": 7.5}, stats.poisson(7.5)),
        (
            {"type": "negative_binomial", "mean": 7.5, "dispersion": 1.5},
            stats.nbinom(1.5, 1.5 / 9),
        ),
    ],
)
def test_a_count_is_the_smallest_whose_probability_or_less_reaches_u(document, reference):
    distribution = parse_distribution(document)
    edges = reference.cdf(np.arange(30))

    assert distribution.quantile(edges - 1e-12).tolist() == list(range(30))
    assert distribution.quantile(edges + 1e-12).tolist() == list(range(1, 31))


def test_a_truncated_normal_does_not_pile_up_at_its_edge():
    values = parse_distribution({"type": "normal", "mean": 60, "sd": 10, "low": 65}).values(draw(U))
    first, second = np.histogram(values, bins=[65, 65.5, 66])[0]

    assert (values == 65).sum() <= 1
    assert first / second == pytest.approx(1.03, abs=0.3)


def test_whole_numbers_of_a_uniform_are_equally_likely_at_the_edges_too():
    values = parse_distribution({"type": "uniform", "low": 1, "high": 6, "decimals": 0}).values(
        draw(U)
    )

    counts = np.bincount(values.astype(int), minlength=7)[1:]
    assert counts.min() >= N // 6 - 1
    assert counts.max() <= N // 6 + 1


def test_the_end_of_a_band_belongs_to_the_next():
    distribution = parse_distribution(NUMERIC[NAMES.index("bands23")][0])

    assert set(distribution.values(draw(U)).tolist()) == {18, 19, *range(65, 80)}


def test_beyond_the_published_percentiles_the_outermost_hold():
    distribution = parse_distribution({"type": "quantiles", "points": {"0.95": 200, "0.05": 80}})

    assert distribution.quantile(np.array([0.01, 0.05, 0.5, 0.99])).tolist() == [80, 80, 140, 200]


def test_zero_has_no_sign():
    values = parse_distribution({"type": "normal", "mean": 0, "sd": 1, "decimals": 0}).values(
        draw(U)
    )

    assert not np.signbit(values[values == 0]).any()


def test_stratified_uniforms_give_weights_exactly():
    values = parse_distribution({"M": 0.48, "F": 0.52}).values(draw(U[:N]))

    assert values.texts().count("M") == 0.48 * N


def test_a_label_without_weight_never_occurs():
    assert set(parse_distribution(TEXTS[0]).values(draw(U)).texts()) == {"a", "c"}


def test_exact_counts_are_met_over_any_chunks():
    distribution = parse_distribution(NEEDY[0])
    texts = [
        text for at in ((0, 6000), (6000, N)) for text in distribution.values(_slice(*at)).texts()
    ]

    assert distribution.total == N
    assert texts.count("F") == 5_000


def test_exact_counts_for_another_population_are_refused():
    with pytest.raises(Refused, match="add up to 20000, the population is 50"):
        parse_distribution(NEEDY[0]).values(draw(U[:50], places=lambda: np.arange(50),
                                                 population=50))  # fmt: skip


def test_values_in_turn_follow_the_number_of_the_person():
    distribution = parse_distribution({"type": "explicit", "values": ["a", "b"], "order": "cycle"})
    drawn = distribution.values(DrawInput(U[:3], np.array([7, 8, 9])))

    assert drawn.texts() == ["b", "a", "b"]


def test_the_first_case_that_holds_counts_and_unknown_does_not():
    scope = People(4, {"x": [5, 2, float("nan"), 0]})
    distribution = parse_distribution(
        {
            "type": "conditional",
            "cases": [{"when": "x > 3", "then": {"a": 1}}, {"when": "x > 1", "then": {"b": 1}}],
            "otherwise": {"c": 1},
        }
    )

    assert distribution.values(draw(U[:4], scope)).texts() == ["a", "b", "c", "c"]
    assert distribution.labels == ("a", "b", "c")


def test_a_case_takes_the_same_uniform_as_it_would_alone():
    normal = {"type": "normal", "mean": 9, "sd": 1}
    both = parse_distribution(
        {"type": "conditional", "cases": [{"when": "x > 3", "then": normal}], "otherwise": normal}
    )
    scope = People(100, {"x": list(range(100))})

    assert _plain(both.values(draw(U[:100], scope))) == _plain(
        parse_distribution(normal).values(draw(U[:100]))
    )


def test_a_formula_adds_chance_rounds_and_keeps_what_is_missing():
    formula = parse_distribution({"type": "formula", "value": "x / 3", "plus": 1, "decimals": 2})
    found = formula.values(draw(U[:2], People(2, {"x": [1, float("nan")]})))

    assert found[0] == 1.33
    assert np.isnan(found[1])


def test_conditions_without_anything_to_see_are_refused():
    with pytest.raises(Refused, match="no values that conditions could use"):
        parse_distribution(NEEDY[1]).values(draw(U[:5]))


def test_every_expression_inside_is_found_with_its_path():
    inside = {
        "type": "mixture",
        "parts": [
            {"weight": 0.5, "of": NEEDY[1]},
            {"weight": 0.5, "of": {"type": "formula", "value": "a", "plus": NEEDY[3]}},
        ],
    }
    assert list(parse_distribution(inside).expressions()) == [
        ("parts[0].of.cases[0].when", parse("bmi > 30"), "truth"),
        ("parts[0].of.cases[1].when", parse("bmi > 25 and sex == 'F'"), "truth"),
        ("parts[1].of.value", parse("a"), "number"),
        ("parts[1].of.plus.value", parse("5.5 + 0.03 * (bmi - 25)"), "number"),
    ]


def test_only_distributions_without_expressions_are_unconditional():
    found = [parse_distribution(document).unconditional for document in NEEDY]

    assert found == [True, False, False, False]
    assert all(parse_distribution(document).unconditional for document in TEXTS)


def test_population_figures_are_found_and_replaced_before_drawing():
    document = {
        "type": "conditional",
        "cases": [{"when": "x > 3", "then": {"type": "population", "measure": "diabetes"}}],
        "otherwise": {
            "type": "mixture",
            "parts": [{"weight": 1, "of": {"type": "population", "measure": "obesity"}}],
        },
    }
    asked = parse_distribution(document)
    figures = {"diabetes": 0.116, "obesity": 0.4}
    found = asked.resolved(lambda measure: parse_distribution(figures[measure]))

    assert list(asked.measures()) == [
        ("cases[0].then.measure", "diabetes"),
        ("otherwise.parts[0].of.measure", "obesity"),
    ]
    assert list(found.measures()) == []
    drawn = found.values(draw(U[:2], People(2, {"x": [1, 5]})))
    assert drawn.tolist() == [0.4, 0.116]
    with pytest.raises(Refused, match="has no figures yet"):
        asked.values(draw(U[:2], People(2, {"x": [1, 5]})))


def test_a_typical_value_is_known_for_planning():
    typical = {
        "conditional": parse_distribution(NEEDY[1]).middle(),
        "formula": parse_distribution(NEEDY[3]).middle(),
        "labels": parse_distribution({"a": 1}).middle(),
        "mixture": parse_distribution(NUMERIC[NAMES.index("mixture25")][0]).middle(),
    }
    assert typical == {"conditional": 2, "formula": None, "labels": None, "mixture": 100}


@pytest.mark.parametrize(
    ("short", "full"),
    [
        (3, {"type": "constant", "value": 3.0, "decimals": 4}),
        (0.123456, {"type": "constant", "value": 0.123456, "decimals": 6}),
        ({"M": 0.5, "F": 0.5},
         {"type": "categorical", "weights": {"M": 0.5, "F": 0.5}, "exactly": None}),
        ({"low": 0.5, "high": 0.5},
         {"type": "categorical", "weights": {"low": 0.5, "high": 0.5}, "exactly": None}),
        ({"exactly": {"M": 25, "F": 25}},
         {"type": "categorical", "weights": None, "exactly": {"M": 25, "F": 25}}),
    ],
)  # fmt: skip
def test_a_short_form_is_kept_in_full(short, full):
    assert parse_distribution(short).model_dump() == full


BAD = [
    ({"M": 0.48, "F": 0.48}, "weights add up to 0.96, not 1; add the missing 0.04 or scale them"),
    ({"M": 0.7, "F": 0.5}, "weights add up to 1.2, not 1; take away 0.2 or scale them"),
    ({"M": 10, "F": 20}, "weights add up to 30, not 1; take away 29 or scale them"),
    ({"M": 1.5, "F": -0.5}, "a weight is -0.5; give weights of 0 or more"),
    ({"M": "1"}, 'a weight here is not a number; give each label a number or add a "type"'),
    ({"M": True}, "a weight here is not a number"),
    ({}, "weights is empty; give at least one"),
    ({" ": 1}, "a label is empty or over 200 characters; write a short one"),
    ({"mean": 72, "sd": 8}, 'has no "type"; add one: normal, lognormal, gamma'),
    ({"low": 1, "high": 8}, 'has no "type"; add one: uniform'),
    ({"exactly": {"M": 0, "F": 0}}, "counts are all 0; give counts"),
    ({"exactly": {"M": 0.5}}, "valid integer"),
    ("M", "'M' is not a distribution; give a number"),
    (None, "null is not a distribution"),
    (True, "true is not a distribution"),
    ([1, 2], "is not a distribution"),
    (math.inf, "not within ±1e15"),
    (math.nan, "not within ±1e15"),
    (10**400, "not within ±1e15"),
    ({"type": "categorical"}, "has neither of weights and exactly; give one of them"),
    ({"type": "categorical", "weights": {"a": 1}, "exactly": {"a": 1}}, "has both of weights"),
    ({"type": "constant", "value": 0.12345}, "more than 4 decimals; give decimals 5"),
    ({"type": "constant", "value": None}, "null is neither number nor text; give one"),
    ({"type": "constant", "value": True}, "true is neither number nor text; give one"),
    ({"type": "explicit", "values": []}, "is empty; give at least one"),
    ({"type": "explicit", "values": [1, "a"]}, "values mix numbers and texts; list one kind"),
    ({"type": "explicit", "listed": [1]}, "values|required"),
    ({"type": "uniform", "low": 80, "high": 65}, "low 80 is above high 65; swap them"),
    ({"type": "uniform", "low": 5, "high": 5}, "low and high are both 5; use a constant"),
    ({"type": "uniform", "low": 0.2, "high": 0.8, "decimals": 0}, "no number with 0 decimals"),
    ({"type": "normal", "mean": 1, "sd": 0}, "sd is 0; give an sd above 0"),
    ({"type": "normal", "mean": 1, "sd": "1"}, "valid number"),
    ({"type": "normal", "mean": True, "sd": 1}, "valid number"),
    ({"type": "normal", "mean": math.nan, "sd": 1}, "finite number"),
    ({"type": "normal", "mean": 1e16, "sd": 1}, "mean is 1e+16; give a number within ±1e15"),
    ({"type": "normal", "mean": 1, "sd": 1, "low": 80, "high": 65}, "low 80 is above high 65"),
    ({"type": "normal", "mean": 7, "sd": 1, "low": 80}, "low 80 leave nothing of mean 7, sd 1;"),
    ({"type": "normal", "mean": 7, "sd": 1, "decimals": 10}, "less than or equal to 9"),
    ({"type": "normal", "mean": 7, "sd": 1, "hi": 10}, "not permitted"),
    ({"type": "lognormal", "mean": 5, "sd": 1, "high": -1}, "high -1 leave nothing of mean 5"),
    ({"type": "lognormal", "mean": 0, "sd": 1}, "mean is 0; give a mean above 0"),
    ({"type": "triangular", "low": 1, "mode": 9, "high": 5}, "mode 9 lies outside 1 to 5; move"),
    ({"type": "beta", "mean": 1.2, "concentration": 3}, "mean is 1.2; give a share between 0"),
    ({"type": "beta", "mean": 0.2, "concentration": 1e7}, "above 1,000,000; use a normal"),
    ({"type": "weibull", "scale": 1, "shape": 0.01}, "shape 0.01 is below 0.05; give a larger"),
    ({"type": "gamma", "mean": -1, "sd": 1}, "mean is -1; give a mean above 0"),
    ({"type": "poisson", "mean": 2e6}, "above 1,000,000; use a normal"),
    ({"type": "poisson", "mean": 2, "decimals": 1}, "less than or equal to 0"),
    ({"type": "negative_binomial", "mean": 1e5, "dispersion": 0.1}, "raise the dispersion"),
    ({"type": "bands", "bands": []}, "bands is empty; give at least one"),
    ({"type": "bands", "bands": [{"low": 5, "high": 1, "weight": 1}]}, "low 5 is above high 1"),
    ({"type": "bands", "bands": [{"low": 1, "high": 5, "weight": 0.5},
                                 {"low": 4, "high": 9, "weight": 0.5}]},
     "the bands 1 to 5 and 4 to 9 overlap; end one where the next begins"),
    ({"type": "bands", "bands": [{"low": 0.2, "high": 1, "weight": 0.5},
                                 {"low": 4, "high": 9, "weight": 0.5}], "decimals": 0},
     "no number with 0 decimals lies in the band 0.2 to 1; give more"),
    ({"type": "quantiles", "points": {"0.5": 1}}, "has 1 percentiles; give at least two"),
    ({"type": "quantiles", "points": {}}, "has 0 percentiles; give at least two"),
    ({"type": "quantiles", "points": {"0.1": 5, "50": 1}}, 'the percentile \'50\' is not a share'),
    ({"type": "quantiles", "points": {"0.1": 5, "p50": 1}}, "is not a share; write"),
    ({"type": "quantiles", "points": {"0.1": 5, ".1": 6}}, "percentile 0.1 is given twice; keep"),
    ({"type": "quantiles", "points": {"0.1": 5, "0.9": 1}}, "the value 5 at 0.1 is above 1 at"),
    ({"type": "mixture", "parts": [{"weight": 0.5, "of": 1}]}, "weights add up to 0.5, not 1"),
    ({"type": "mixture", "parts": [{"weight": 0.5, "of": 1}, {"weight": 0.5, "of": {"a": 1}}]},
     "parts[0].of gives number, parts[1].of gives text; use one kind"),
    ({"type": "mixture", "parts": [{"weight": 1, "of": {"exactly": {"a": 1}}}]},
     "parts[0].of has exact counts; use weights inside a mixture"),
    ({"type": "conditional", "cases": [], "otherwise": 1}, "cases is empty; give at least one"),
    ({"type": "conditional", "cases": [{"when": "a >", "then": 1}], "otherwise": 1},
     "'a >' cannot be read; write something like"),
    ({"type": "conditional", "cases": [{"when": "a > 1", "then": 1}], "otherwise": {"x": 1}},
     "cases[0].then gives number, otherwise gives text; use one kind"),
    ({"type": "formula", "value": 3}, "is not an expression in quotes"),
    ({"type": "formula", "value": "a", "plus": {"x": 1}}, "of text is given where numbers are"),
    ({"type": "population", "measure": "Diabetes!"}, "match pattern"),
    ({"type": "norml", "mean": 3}, "'norml' found using 'type'"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "message"), BAD)
def test_what_cannot_be_drawn_is_refused_with_a_remedy(document, message):
    with pytest.raises(ValidationError) as caught:
        parse_distribution(document)
    assert any(part in str(caught.value) for part in message.split("|"))


class Wish(BaseModel):
    number: NumberDistribution = parse_distribution(1)
    text: TextDistribution = parse_distribution({"a": 1})
    any: Distribution = parse_distribution(1)


def test_a_field_may_ask_for_numbers_or_for_text_alone():
    with pytest.raises(ValidationError, match="of text is given where numbers are needed"):
        Wish.model_validate({"number": {"a": 1}})
    with pytest.raises(ValidationError, match="of numbers is given where text is needed"):
        Wish.model_validate({"text": 5})


def test_the_published_schema_names_short_forms_and_every_type_once():
    schema = TypeAdapter(Wish).json_schema()
    forms = schema["$defs"]["Distribution"]["anyOf"]

    assert [form.get("type") for form in forms[:2]] == ["number", "object"]
    assert len(forms[2]["oneOf"]) == 19


@pytest.mark.slow
def test_reading_a_distribution_does_not_load_scipy():
    script = (
        "import sys; "
        "from healthsim.specification.distributions.kinds import parse_distribution as p;"
        "p({'type': 'normal', 'mean': 1, 'sd': 1, 'low': 0}); sys.exit('scipy' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(healthsim.__file__).parents[1])}

    assert subprocess.run([sys.executable, "-c", script], env=env, check=False).returncode == 0


NUMBER = st.floats(allow_nan=True, allow_infinity=True) | st.integers()
KEYS = st.sampled_from(["type", "mean", "sd", "low", "high", "weights", "exactly", "parts",
                        "value", "values", "points", "bands", "decimals", "M"])  # fmt: skip
TYPES = st.sampled_from([document["type"] for document in EVERY])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBER | st.text(max_size=5) | TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=10,
)


@pytest.mark.slow
@given(ANYTHING)
def test_any_json_is_read_and_drawn_or_refused(document):
    try:
        distribution = parse_distribution(document)
    except ValidationError:
        return
    assert parse_distribution(distribution.model_dump()) == distribution


@pytest.mark.slow
@given(
    mean=st.floats(-1e6, 1e6),
    sd=st.floats(1e-3, 1e6),
    low=st.none() | st.floats(-1e6, 1e6),
    high=st.none() | st.floats(-1e6, 1e6),
    decimals=st.integers(0, 6),
)
def test_any_normal_that_is_accepted_stays_in_its_window(mean, sd, low, high, decimals):
    document = {"type": "normal", "mean": mean, "sd": sd, "low": low, "high": high,
                "decimals": decimals}  # fmt: skip
    try:
        distribution = parse_distribution(document)
    except ValidationError:
        return
    values = distribution.quantile(np.array([2.0**-53, *np.sort(U[:200]), 1 - 2.0**-53]))

    assert np.isfinite(values).all()
    assert low is None or values.min() >= low
    assert high is None or values.max() <= high
    assert (np.diff(values) >= 0).all()
