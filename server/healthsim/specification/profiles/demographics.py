"""Who people are before anything is known of their health: age, sex, race, language, place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.document import Strict
from healthsim.specification.profiles.births import Calendar


class Location(Strict):
    """Where people live; the default is the national population of PopulationSim.

    Attributes:
        states: by two letters.
        counties: by five-digit FIPS code or as ``"Harris County, TX"``.
        metros: metropolitan statistical areas, by code or title.
        area: keeps only counties in a metropolitan area, or only those outside.
    """

    states: Distribution | None = None
    counties: Distribution | None = None
    metros: Distribution | None = None
    area: Literal["urban", "rural"] | None = None

    @property
    def stated(self) -> bool:
        """Whether anything is given, so that population measures are those of places."""
        return any((self.states, self.counties, self.metros, self.area))

    @model_validator(mode="after")
    def _one_level(self) -> Location:
        levels = ("states", "counties", "metros")
        given = [level for level in levels if getattr(self, level) is not None]
        if given == ["states", "counties"]:
            raise ValueError("states and counties are both given; keep counties alone, a county "
                             "lies in one state")  # fmt: skip
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are given together; keep one of them, a "
                             "metropolitan area is counties of one or more states")  # fmt: skip
        return self


_ANY_AGE = parse_distribution({"type": "population", "measure": "age"})


class Demographics(Strict):
    """Age in years on `as_of`, sex, and the rest of a person's face sheet.

    Attributes:
        age: years on `as_of`; default: the population's.
        born: year, month or day of birth, or from one to another, in place of `age`.
        gender: weights of M, F, other and unknown; default: the population's, of M and F.
        race: weights by the OMB categories; default: the population's.
        ethnicity: weights of hispanic and non_hispanic; default: the population's.
        language: weights by language code, such as en or es.
        marital_status: weights of S, M, D and W.
        location: where they live; default: the whole nation.
    """

    age: Distribution = Field(default_factory=lambda: _ANY_AGE)
    born: Annotated[Calendar | None, Field(exclude_if=lambda given: given is None)] = None
    gender: Distribution = Field(
        default_factory=lambda: parse_distribution({"type": "population", "measure": "gender"})
    )
    race: Distribution = Field(
        default_factory=lambda: parse_distribution({"type": "population", "measure": "race"})
    )
    ethnicity: Distribution = Field(
        default_factory=lambda: parse_distribution({"type": "population", "measure": "ethnicity"})
    )
    language: Distribution | None = None
    marital_status: Distribution | None = None
    location: Location = Location()

    @model_validator(mode="after")
    def _age_once(self) -> Demographics:
        if self.born is not None and self.age != _ANY_AGE:
            raise ValueError("age and born are both given; keep one")
        return self
