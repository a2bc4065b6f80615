"""What of a plan contradicts the law of the profile's year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.billing.benefits.statutory import figure, known_years
from healthsim.errors import Problem
from healthsim.specification.journeys.events import Enrollment
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.specification.profiles.profile import ProfileSpec


def benefit_problems(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield high-deductible plans that are none by the tax law (26 USC 223(c)(2))."""
    for name, design in own_plans(profile):
        if design.hdhp:
            where = f"profile.coverage.plans.{name}"
            yield from _high_deductible(where, design, profile.as_of.year)


def benefit_warnings(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield amounts of plans that are above what the law lets plans ask for."""
    for name, design in own_plans(profile):
        where, year = f"profile.coverage.plans.{name}", profile.as_of.year
        most = figure("aca_maximum", year) / 100
        stated = design.oop_max_usd
        if design.kind == "commercial" and isinstance(stated, float) and stated > most:
            yield Problem(
                f"{where}.oop_max_usd",
                f"{stated:g} is above {most:g}, the most that the law allows in {year}",
                'lower it, or write "law"; it stands as it is',
            )
        if design.kind == "medicaid":
            yield from _nominal(where, design, year)
        if design.hdhp and design.oop_max_usd is None:
            yield Problem(
                f"{where}.oop_max_usd",
                "is missing, and the law gives every HDHP a maximum",
                'write "law", or an amount; without one the members\' share has no end',
            )
        yield from _above_law(where, design, year)


def unused_plans(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield plans of a profile's own that nobody has and no journey enrols in."""
    chosen: set[str | None] = set()
    if profile.coverage is not None:
        chosen.update(profile.coverage.plan.labels)
    chosen |= {step.details.plan for journey in journeys for _, step in journey.steps()
               if isinstance(step, Enrollment)}  # fmt: skip
    for name, _ in own_plans(profile):
        if name not in chosen:
            found = "nobody has it: coverage.plan does not name it, and no enrollment does"
            yield Problem(f"profile.coverage.plans.{name}", found, "give it a weight, or remove it")


def _above_law(where: str, design: PlanDesign, year: int) -> Iterator[Problem]:
    """Yield deductibles above a maximum that is the law's of the year."""
    law = figure("hdhp_maximum" if design.hdhp else "aca_maximum", year) / 100
    of_drugs = figure("part_d_out_of_pocket_maximum", year) / 100
    for deductible, maximum, most in (
        ("deductible_usd", design.oop_max_usd, law),
        ("drug_deductible_usd", design.drug_oop_max_usd, of_drugs),
    ):
        usd = getattr(design, deductible)
        if maximum == "law" and isinstance(usd, float) and usd > most:
            yield Problem(
                f"{where}.{deductible}",
                f"{usd:g} is above {most:g}, the law's maximum of {year}, so that it is never met",
                f"lower it to at most {most:g}",
            )


def own_plans(profile: ProfileSpec) -> list[tuple[str, PlanDesign]]:
    """Return the plans that a profile describes itself, by name."""
    return [] if profile.coverage is None else list(profile.coverage.plans.items())


def years_said() -> str:
    """Return the years of which the law's figures are known, in words.

    >>> years_said()
    '2023 to 2026'
    """
    years = known_years()
    return f"{years[0]} to {years[-1]}"


def _high_deductible(where: str, design: PlanDesign, year: int) -> Iterator[Problem]:
    least = figure("hdhp_minimum_deductible", year) / 100
    of_family = figure("hdhp_family_minimum_deductible", year) / 100
    most = figure("hdhp_maximum", year) / 100
    own, embedded = design.deductible_usd, design.family_limits == "embedded"
    family = design.family_deductible_usd
    if isinstance(own, float) and own < least:
        yield Problem(
            f"{where}.deductible_usd",
            f"{own:g} is below {least:g}, the least of an HDHP in {year}",
            f"raise it to at least {least:g}, or remove hdhp",
        )
    elif isinstance(own, float) and family is not None and embedded and own < of_family:
        yield Problem(
            f"{where}.deductible_usd",
            f"{own:g} of a person within a family is below {of_family:g}, the least of an HDHP's "
            f"family in {year}",
            f"raise it to at least {of_family:g}, or set family_limits to aggregate",
        )
    if isinstance(design.oop_max_usd, float) and design.oop_max_usd > most:
        yield Problem(
            f"{where}.oop_max_usd",
            f"{design.oop_max_usd:g} is above {most:g}, the most of an HDHP in {year}",
            f'lower it to {most:g}, write "law", or remove hdhp',
        )
    elif design.oop_max_usd is None and isinstance(own, float) and own > most:
        yield Problem(
            f"{where}.deductible_usd",
            f"{own:g} is above {most:g}, the most that members of an HDHP pay in {year}",
            f"lower it to at most {most:g}, or remove hdhp",
        )


def _nominal(where: str, design: PlanDesign, year: int) -> Iterator[Problem]:
    """Yield copays of Medicaid above the nominal ones (42 CFR 447.52)."""
    kinds = {"inpatient": "medicaid_inpatient_maximum", "emergency": "medicaid_emergency_maximum"}
    for service, usd in design.copays_usd.items():
        most = figure(kinds.get(service, "medicaid_outpatient_maximum"), year) / 100
        if usd > most:
            yield Problem(
                f"{where}.copays_usd.{service}",
                f"{usd:g} is above {most:g}, the nominal copay of Medicaid that the law allows",
                f"lower it to {most:g}; it stands as it is",
            )
