"""What is wrong with a profile's choice of rules of safe drugs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.errors import Problem, near
from healthsim.medicine.allergies import substances
from healthsim.medicine.safety import safety_rules
from healthsim.medicine.weight_doses import mg_per_service, mg_per_unit
from healthsim.specification.journeys.events import Prescription
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.specification.profiles.safety import Safety


def safety_problems(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield names of rules that do not exist, and allergies to what the table does not hold."""
    for place, allergy in enumerate(profile.clinical.allergies):
        if allergy.substance not in substances():
            where = f"profile.clinical.allergies[{place}].substance"
            found = f"there is no allergy to {allergy.substance!r} here"
            yield Problem(where, found, near(allergy.substance, substances()))
    if not isinstance(profile.safety, Safety):
        return
    names = [rule.name for rule in safety_rules().rules]
    for place, name in enumerate(profile.safety.without):
        if name not in names:
            where = f"profile.safety.without[{place}]"
            yield Problem(where, f"no rule of safe drugs is called {name!r}", near(name, names))


def safety_warnings(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield that violations are to be planted where no drug can break a rule."""
    if not profile.plants_violations:
        return
    steps = [step for journey in journeys for _, step in journey.steps()]
    taken = {one.drug for one in profile.clinical.medications}
    taken |= {step.details.drug for step in steps if isinstance(step, Prescription)}
    if any(
        rule.action in _OVERLOOKED for drug in taken for rule in profile.safety_book.of_drug(drug)
    ):
        return
    yield Problem(
        "profile.safety.allow_violations",
        "no drug here has a rule that could be overlooked, so that nothing is planted",
        "give people a drug that a rule is about, such as 'ibuprofen 800 mg tablet' beside I50.9",
    )


_OVERLOOKED = frozenset({"stop", "refuse"})


def dose_problems(drug: str, here: str) -> Iterator[Problem]:
    """Refuse a dose by weight of a drug whose units hold no known milligrams."""
    if mg_per_unit(drug) is None:
        yield Problem(
            here,
            f"{drug!r} has no strength in mg in what is counted of it, so no dose by weight",
            "name a tablet, capsule or liquid with mg in its name, or state quantity",
        )


def units_problems(code: str, here: str) -> Iterator[Problem]:
    """Refuse a dose by weight of a service whose unit is no known number of milligrams."""
    if mg_per_service(code) is None:
        yield Problem(
            here,
            f"one unit of {code} is no known number of mg, so a dose by weight has no units",
            "name an HCPCS code of an injection in mg, or state units",
        )
