"""Why a person is who they are: each part of the profile, its draw, and what it gave."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor

import numpy as np

from healthsim.operations.explaining.case import Reasons, RowCase, draw_row, number
from healthsim.operations.explaining.counted import quota_place
from healthsim.operations.explaining.steps import explain_step
from healthsim.specification.distributions.quantiles import of_scores, scores
from healthsim.specification.journeys.events import Birth
from healthsim.specification.profiles.clinical import Alternative, Comorbidity, Medication
from healthsim.specification.profiles.correlations import SHARED_FACTOR, factor_blend
from healthsim.specification.profiles.roles import roles

_DRAWN = (
    "demographics.age", "demographics.birthday", "demographics.gender", "demographics.race",
    "demographics.ethnicity", "demographics.location.state", "demographics.location.county",
    "demographics.location.metro", "demographics.location.zip", "demographics.marital_status",
    "demographics.language", "identity.given_name", "identity.family_name",
)  # fmt: skip
_FIRST_BORN = 50


def explain_patient(case: RowCase) -> Reasons:
    """Say how a person of the profile, a household or a birth came to be."""
    place = case.person_id % 100
    if place >= _FIRST_BORN:
        return _newborn(case)
    reasons = Reasons(made_by=[case.stated("count"), *map(case.stated, _stated_parts(case))])
    unit = case.person_id // 100
    reasons.because.append(
        f"person {case.person_id}: unit {unit} of {case.job.count:,}, place {place}; every number "
        f"is that of seed {case.job.seed}, a decision and this unit"
    )
    if place > 1:
        reasons.add(_member(case, place))
    for decision in _DRAWN:
        reasons.draws += case.drawn(decision)
    return reasons


def _stated_parts(case: RowCase) -> list[str]:
    born = case.job.profile.demographics.born is not None
    parts = ("born" if born else "age", "gender", "race", "ethnicity", "location")
    return [f"demographics.{part}" for part in parts]


def _member(case: RowCase, place: int) -> Reasons:
    """Say how somebody who lives with an anchor was drawn."""
    role = roles(np.array([place])).texts()[0]
    anchor = case.person_id - place + 1
    household = case.job.profile.household
    placed = () if household is None else household.placed
    listed = [f"household.members[{position}]" for position, at, _ in placed if at == place]
    reasons = Reasons(made_by=[case.stated(path) for path in listed or ["household"]])
    reasons.because.append(
        f"{role} of person {anchor}: age, sex, home and plan depend on the anchor's draws; "
        "everything else is drawn for each member"
    )
    if case.trace is not None:
        reasons.draws += [draw_row(draw) for draw in case.trace.draws.of(anchor)
                          if draw.decision.startswith("household.")]  # fmt: skip
    return reasons


def _newborn(case: RowCase) -> Reasons:
    """Say which birth brought a child, and the draws of it that are the mother's and its own."""
    births = [case.at(case.address_of("events", row["event_id"]))
              for row in case.rows("events", person_id=case.person_id, type="birth")]  # fmt: skip
    born = next((birth for birth in births if birth is not None), None)
    if born is None or not isinstance(born.occurrence.step, Birth):
        return Reasons(made_by=["a birth in a journey of the mother"])
    mother = case.row.get("mother_person_id")
    reasons = explain_step(case, born, None if mother is None else int(mother))
    reasons.because.append(
        "born in the run: sex by the birth's own draw; race, ethnicity, home and cover are the "
        "mother's; names are drawn"
    )
    reasons.draws += case.drawn(f"{born.occurrence.address}/gender")
    for decision in ("identity.given_name", "identity.family_name"):
        reasons.draws += case.drawn(decision)
    return reasons


def explain_attribute(case: RowCase) -> Reasons:
    """Say how an attribute of the profile got its value."""
    name = str(case.row["name"])
    reasons = Reasons(made_by=[case.stated(f"attributes.{name}")])
    draw = case.draw(f"attributes.{name}")
    for correlation in case.job.profile.correlations:
        if correlation.between[1] == name:
            other = correlation.between[0]
            reasons.made_by.append(
                f"profile.correlations: {other} and {name}, rank {correlation.rank:g}; the uniform "
                f"of {name} is mixed from both"
            )
    if draw is not None:
        gave = case.row["text"] if case.row["number"] is None else f"{case.row['number']:g}"
        reasons.because.append(f"{name} {gave}: uniform {number(draw.uniform)} of its distribution")
        reasons.draws.append(draw_row(draw))
    return reasons


def explain_member(case: RowCase) -> Reasons:
    """Say how somebody got a number, a subscriber and a plan."""
    reasons = Reasons(made_by=[case.stated("coverage.plan")])
    person = case.person_id
    reasons.because.append(
        f"everybody of the profile is a member; person {person} is made as in patients "
        f"(explain_row with table patients, key {person}, where the chart was asked for)"
    )
    reasons.because.append(
        "member numbers are a keyed order of all possible ones (identity.member_number), so none "
        "repeats; in Medicare they have an MBI's shape with S in second place"
    )
    draws = case.drawn("coverage.plan")
    reasons.draws += draws or case.drawn("coverage.plan", person_id=_anchor(person))
    return reasons


def _anchor(person_id: int) -> int:
    return person_id // 100 * 100 + 1


def explain_enrollment(case: RowCase) -> Reasons:
    """Say which plan covers whom since when: by the profile, or by a step."""
    if case.source is not None:
        return explain_step(case, case.source)
    reasons = Reasons(made_by=[case.stated("coverage.plan")])
    reasons.because.append(
        "the profile's plan covers from the first day of the benefit year in which the data "
        "begin, from birth at the earliest, until a step or death ends it"
    )
    draws = case.drawn("coverage.plan")
    reasons.draws += draws or case.drawn("coverage.plan", person_id=_anchor(case.person_id))
    return reasons


def explain_profile_condition(case: RowCase, code: str) -> Reasons:
    """Say why somebody has a condition of the profile: its share, draw and threshold."""
    clinical = case.job.profile.clinical
    primary = clinical.primary
    if primary is not None and primary.code == code:
        reasons = Reasons(made_by=[case.stated("clinical.primary")])
        reasons.because.append("the primary condition: everybody has it, in a household the anchor")
        reasons.draws += case.drawn("clinical.primary.onset")
        return reasons
    reasons = Reasons()
    for comorbidity in clinical.comorbidities:
        if comorbidity.code == code:
            reasons.made_by.append(case.stated(f"clinical.comorbidities[{code}]"))
            reasons.because += _quota(case, f"clinical.{code}", comorbidity)
    for place, group in enumerate(clinical.alternatives):
        if any(option.code == code for option in group):
            reasons.made_by.append(f"profile.clinical.one_of: {', '.join(map(_option, group))}")
            reasons.because += _one_of(case, place, group, code)
    reasons.add(_held(case, code))
    causes = clinical.implied_by.get(code, ())
    if causes:
        reasons.made_by += [f"profile.clinical: {cause} implies {code}" for cause in causes]
    reasons.draws += case.drawn(f"clinical.{code}.onset")
    return reasons


def _held(case: RowCase, code: str) -> Reasons:
    """Say whether somebody has a condition as a member of a family, or by a pregnancy."""
    reasons, place = Reasons(), case.person_id % 100
    household = case.job.profile.household
    placed = () if household is None else household.placed
    path = next((f"household.members[{position}]" for position, at, _ in placed if at == place),
                "clinical.pregnant")  # fmt: skip
    for one in case.job.profile.held.get(code, ()):
        if one.place != place:
            continue
        reasons.made_by.append(case.stated(path))
        if one.of_pregnancy:
            reasons.because.append(
                "a pregnancy is supervised from the day it is found, under the code of the "
                "mother's age on the due date (ICD-10-CM, note at O09.5)"
            )
            reasons.draws += case.drawn("pregnancy.due") + case.drawn("pregnancy.found")
            continue
        draw = case.draw(f"household.{code}")
        u = "" if draw is None or one.share >= 1 else f": uniform {number(draw.uniform)}"
        reasons.because.append(f"stated for this member of the family, share {one.share:g}{u}")
        reasons.draws += case.drawn(f"household.{code}.onset")
    return reasons


def _option(option: Alternative) -> str:
    return f"{option.code} {100 * option.share:g} %"


def _quota(case: RowCase, decision: str, quota: Comorbidity | Medication) -> Iterator[str]:
    """Yield by which number somebody is in a quota."""
    if quota.exactly is not None:
        yield quota_place(case, decision, quota)
        return
    share = case.draw(f"{decision}.share")
    loading = quota.loading if isinstance(quota, Comorbidity) else 0.0
    u = _chance(case, decision, loading)
    if share is None or share.value is None or u is None:
        return
    mixed = f", mixed with the person's shared factor by loading {loading:g}" if loading else ""
    than = "<" if u < float(share.value) else "≥"
    yield f"share: uniform {number(u)}{mixed} {than} {float(share.value):g}"


def _chance(case: RowCase, decision: str, loading: float) -> float | None:
    """Return the number that decides, as `PartialCohort.chance` mixes it."""
    own = case.draw(decision)
    if own is None or not loading:
        return None if own is None else own.uniform
    shared = case.draw(SHARED_FACTOR)
    if shared is None:
        return None
    blend = factor_blend(loading)
    score = blend.own * scores(np.array([own.uniform]))
    score += loading * scores(np.array([shared.uniform]))
    return float(of_scores(score)[0])


def _one_of(case: RowCase, place: int, group: tuple[Alternative, ...], code: str) -> Iterator[str]:
    low = 0.0
    for option in group:
        high = low + option.share
        if option.code == code:
            u = _chance(case, f"clinical.one_of[{place}]", option.loading)
            shown = "" if u is None else f": uniform {number(u)}"
            yield f"one of several by one number: {code} from {low:g} to {high:g}{shown}"
        low = high


def explain_medication(case: RowCase, drug: str) -> Reasons:
    """Say why somebody takes a drug of the profile since before the data begin."""
    reasons = Reasons(made_by=[case.stated(f"clinical.medications[{drug}]")])
    decision = f"clinical.medications.{drug}"
    for medication in case.job.profile.clinical.medications:
        if medication.drug == drug:
            reasons.because += _quota(case, decision, medication)
    written = case.draw(f"~profile/{drug}/written")
    if written is not None:
        ago = floor(written.uniform * 365)
        reasons.because.append(
            f"first written {ago} days before {case.job.profile.as_of} (uniform "
            f"{number(written.uniform)} of 365 days), and again every 365 days"
        )
    reasons.draws += case.drawn(f"{decision}.adherence")
    return reasons
