"""Population figures as distributions: what `{"type": "population"}` stands for."""

from __future__ import annotations

from functools import cache

from healthsim.errors import NotFound, near
from healthsim.products.populationsim.figures import (
    RACES,
    age_bands,
    figures,
    measures,
    prevalence,
    sex_share_by_age,
)
from healthsim.specification.distributions import Distribution, parse_distribution

ETHNICITIES = ("non_hispanic", "hispanic")

_HISPANIC = 0.187  # US Census Bureau, 2020 Census redistricting data (2021)
_RACE_OF = {  # US Census Bureau, 2020 Census redistricting data (2021), shares by ethnicity
    "hispanic": (0.203, 0.019, 0.004, 0.024, 0.001, 0.422, 0.327),
    "non_hispanic": (0.711, 0.149, 0.073, 0.008, 0.002, 0.006, 0.051),
}


def known_measures() -> tuple[str, ...]:
    """Return every measure that a population distribution may name."""
    return ("age", "gender", "race", "ethnicity", *measures())


@cache
def figure(measure: str) -> Distribution:
    """Return the distribution that a population measure stands for.

    ``age`` in years and ``gender`` given age are the 2020s' United States; a condition's name
    is its share among adults, by age where it is published so.

    Raises:
        NotFound: for a measure that PopulationSim does not hold.
    """
    if measure not in known_measures():
        raise NotFound("measure", f"no population measure {measure!r}",
                       near(measure, known_measures()))  # fmt: skip
    return parse_distribution(_document(measure))


def _document(measure: str) -> object:
    if measure == "age":
        bands = [{"low": low, "high": high, "weight": share} for low, high, share in age_bands()]
        return {"type": "bands", "bands": bands}
    if measure == "gender":
        shares = sex_share_by_age().tolist()
        cases = [
            {"when": f"age < {high}", "then": {"F": round(share, 6), "M": round(1 - share, 6)}}
            for (_, high, _), share in zip(age_bands(), shares, strict=True)
        ]
        return {"type": "conditional", "cases": cases, "otherwise": {"F": 0.8, "M": 0.2}}
    if measure == "ethnicity":
        return {"non_hispanic": 1 - _HISPANIC, "hispanic": _HISPANIC}
    if measure == "race":
        of = {name: dict(zip(RACES, shares, strict=True)) for name, shares in _RACE_OF.items()}
        cases = [{"when": "ethnicity == 'hispanic'", "then": of["hispanic"]}]
        return {"type": "conditional", "cases": cases, "otherwise": of["non_hispanic"]}
    return _share(measure)


def _share(measure: str) -> object:
    """Return a condition's share: by age where bands are published, else of all adults."""
    bands = sorted(
        (int(one.age.split("-")[0].rstrip("+")), one.value)
        for one in figures()
        if one.measure == measure and one.geography == "US" and not one.sex
        and one.age not in ("18+", "20+")
    )  # fmt: skip
    if not bands:
        return prevalence(measure)
    cases = [{"when": f"age >= {low}", "then": value} for low, value in reversed(bands)]
    return {"type": "conditional", "cases": cases, "otherwise": 0}
