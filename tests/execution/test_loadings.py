"""Conditions of one person go together by one shared factor, and the share of each stays."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from execution.running import listed, run, within_three_errors
from execution.test_cohort import MANY, coded, of, with_
from execution.test_joint_draws import refused
from healthsim import library
from healthsim.dates import day_of
from healthsim.specification.distributions.loadings import joint_share

HEART = {"code": "I10", "share": 0.821, "loading": 0.66}
LIPIDS = {"code": "E78.5", "share": 0.772, "loading": 0.68}
MOOD = {"code": "F41.9", "share": 0.2}
BY_AGE = {"type": "conditional", "cases": [{"when": "age >= 72", "then": 0.4}], "otherwise": 0.1}


def held(tables: dict[str, Any], *codes: str) -> int:
    """How many people have every one of some codes."""
    return sum(set(codes) <= found for found in coded(tables).values())


@pytest.mark.parametrize("product", [0.0, 0.2, 0.6, 0.95])
def test_the_joint_share_is_the_mass_of_a_bivariate_normal(product: float) -> None:
    for first, second in combinations((0.02, 0.3, 0.772, 0.99), 2):
        bell = multivariate_normal([0, 0], [[1, product], [product, 1]])
        expected = bell.cdf(norm.ppf([first, second]))

        assert abs(float(joint_share(first, second, product)) - expected) < 2e-5


def test_shares_at_the_ends_meet_as_they_must() -> None:
    shares = np.array([0.0, 1.0, 0.3])

    assert joint_share(shares, 0.5, 0.7)[:2].tolist() == [0.0, 0.5]
    assert joint_share(shares, 0.5, 1.0).tolist() == [0.0, 0.5, 0.3]


def test_the_skill_s_table_of_joint_shares_is_true() -> None:
    guide = Path(str(library.library_folder("skills"))) / "build-profile/references/together.md"
    text = guide.read_text("utf-8")
    head, *lines = re.findall(r"^\| (?:shares|\d+ % and).*\|$", text, re.MULTILINE)
    products = [float(cell) for cell in head.strip("|").split("|")[2:]]
    assert len(lines) == 4
    for line in lines:
        shares, *said = line.strip("|").split("|")
        one, other = (float(part.strip(" %")) / 100 for part in shares.split("and"))
        joint = [float(joint_share(one, other, product)) for product in (0.0, *products)]

        assert [cell.strip() for cell in said] == [f"{100 * share:.1f}" for share in joint]


def test_two_conditions_meet_as_often_as_their_loadings_say_and_keep_their_shares() -> None:
    tables = run(with_(comorbidities=[HEART, LIPIDS, MOOD]))
    both = float(joint_share(0.821, 0.772, 0.66 * 0.68))

    assert within_three_errors(held(tables, "I10"), MANY, 0.821)
    assert within_three_errors(held(tables, "E78.5"), MANY, 0.772)
    assert within_three_errors(held(tables, "I10", "E78.5"), MANY, both)
    assert within_three_errors(held(tables, "I10", "F41.9"), MANY, 0.821 * 0.2)
    assert both > 0.67 > 0.821 * 0.772 + 3 * (0.63 * 0.37 / MANY) ** 0.5


def test_a_share_that_depends_on_age_is_kept_at_every_age() -> None:
    tables = run(with_(comorbidities=[HEART, {"code": "I48.91", "share": BY_AGE, "loading": 0.8}]))
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    old = {person for person, day in born.items() if day <= day_of("1953-01-01")}
    having = {person for person, codes in coded(tables).items() if "I48.91" in codes}

    assert 1000 < len(old) < MANY - 1000
    assert within_three_errors(len(having & old), len(old), 0.4)
    assert within_three_errors(len(having - old), MANY - len(old), 0.1)


@pytest.mark.slow
def test_adding_and_removing_conditions_leaves_the_others_as_they_were() -> None:
    two = run(with_(comorbidities=[HEART, LIPIDS]))
    three = run(with_(comorbidities=[HEART, {"code": "M17.11", "share": 0.4, "loading": 0.9},
                                     LIPIDS]))  # fmt: skip
    kept = [row for row in listed(three["conditions"]) if "M17.11" not in row]

    assert kept == listed(two["conditions"])
    assert listed(two["patients"]) == listed(three["patients"])


def test_another_loading_moves_that_condition_alone() -> None:
    one = run(with_(comorbidities=[HEART, LIPIDS, MOOD]))
    other = run(with_(comorbidities=[HEART, {**LIPIDS, "loading": 0.2}, MOOD]))

    def rest(tables: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [row for row in listed(tables["conditions"]) if "E78.5" not in row]

    assert rest(one) == rest(other)
    assert listed(one["conditions"]) != listed(other["conditions"])


def test_a_loading_of_zero_leaves_a_condition_independent() -> None:
    bare = run(with_(comorbidities=[{"code": "I10", "share": 0.3}, MOOD]))
    none = run(with_(comorbidities=[{"code": "I10", "share": 0.3, "loading": 0}, MOOD]))

    assert listed(bare["conditions"]) == listed(none["conditions"])


def test_with_loadings_of_one_the_rarer_condition_is_had_by_those_with_the_commoner() -> None:
    tables = run(with_(comorbidities=[{"code": "I10", "share": 0.5, "loading": 1},
                                      {"code": "E78.5", "share": 0.2, "loading": 1}]))  # fmt: skip

    assert held(tables, "E78.5") == held(tables, "I10", "E78.5") > 0


@pytest.mark.slow
def test_chunks_do_not_change_who_has_what() -> None:
    profile = with_(comorbidities=[HEART, LIPIDS])
    whole, pieces = run(profile), run(profile, size=700, threads=2)

    assert listed(whole["conditions"]) == listed(pieces["conditions"])


def test_alternatives_stand_in_the_order_of_the_shared_factor() -> None:
    weights = [{"code": "E66.9", "share": 0.3, "loading": 0.8},
               {"code": "E66.3", "share": 0.3, "loading": 0.8}]  # fmt: skip
    tables = run(with_(comorbidities=[{"code": "I10", "share": 0.5, "loading": 0.8}],
                       one_of=weights))  # fmt: skip
    obese = float(joint_share(0.5, 0.3, 0.64))
    either = float(joint_share(0.5, 0.6, 0.64))

    assert held(tables, "E66.9", "E66.3") == 0
    assert within_three_errors(held(tables, "E66.9"), MANY, 0.3)
    assert within_three_errors(held(tables, "I10", "E66.9"), MANY, obese)
    assert within_three_errors(held(tables, "I10", "E66.3"), MANY, either - obese)


def test_in_a_family_everybody_has_a_factor_of_their_own() -> None:
    household = {"spouse": {"share": 1}}
    profile = of(with_(comorbidities=[{"code": "I10", "share": 0.5, "loading": 0.9},
                                      {"code": "E78.5", "share": 0.5, "loading": 0.9}]),
                 age={"type": "normal", "mean": 50, "sd": 8, "low": 25, "high": 80})  # fmt: skip
    profile |= {"unit": "family", "count": 2000, "household": household}
    codes = coded(run(profile))
    two = {person for person, found in codes.items() if "I10" in found}
    lipids = {person for person, found in codes.items() if "E78.5" in found}
    spouses = {unit * 100 + 2 for unit in range(1, 2001)}
    both = sum(person in two and person + 1 in two for person in codes)

    assert within_three_errors(both, 2000, 0.25)  # the anchor's and the spouse's do not go together
    expected = float(joint_share(0.5, 0.5, 0.81))
    assert within_three_errors(len(two & lipids & spouses), 2000, expected)


def test_a_balanced_profile_keeps_the_balance_of_whatever_has_no_loading() -> None:
    profile = with_(comorbidities=[HEART, LIPIDS, {"code": "F41.9", "share": 0.2}])
    tables = run({**profile, "sampling": "balanced"})

    assert held(tables, "F41.9") == 0.2 * MANY
    assert within_three_errors(held(tables, "I10"), MANY, 0.821)


@pytest.mark.parametrize(
    ("clinical", "said"),
    [
        (
            {"comorbidities": [{"code": "I10", "exactly": 5, "loading": 0.5}]},
            "has no effect beside an exact count",
        ),
        (
            {"comorbidities": [HEART, {"code": "N18.30", "loading": 0.5, "share": {
                "type": "conditional", "cases": [{"when": "has('I10')", "then": 0.4}],
                "otherwise": 0.1}}]},
            "depends on has('I10'), which has a loading too",
        ),
        (
            {"comorbidities": [{**HEART, "implies": ["E78.5"]}, LIPIDS]},
            "describe how they are related once",
        ),
        (
            {"comorbidities": [{"code": "F32.A", "share": 0.1, "loading": 0.4}],
             "one_of": [{"code": "F31.9", "share": 0.02, "loading": 0.4}]},
            "F31.9",
        ),
        (
            {"one_of": [{"code": "E66.9", "share": 0.3, "loading": 0.4},
                        {"code": "E66.3", "share": 0.3}]},
            "loadings of one group are 0.4 and 0, and one random number decides",
        ),
        ({"comorbidities": [{**HEART, "loading": 1.5}]}, "loading"),
        ({"comorbidities": [{**HEART, "loading": -0.1}]}, "loading"),
    ],
    ids=["exact", "condition", "implied", "excluded", "alternatives", "over one", "below none"],
)  # fmt: skip
def test_a_loading_that_would_move_a_share_is_refused(clinical: Any, said: str) -> None:
    assert said in refused(with_(**clinical))
