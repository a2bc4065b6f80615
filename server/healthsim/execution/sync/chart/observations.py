"""How people live: what charts know from before the data, and what visits ask again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import snomed
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.chart.asked import (
    Asked,
    asked_before,
    asked_in_visits,
    drawn_answers,
    fact_rows,
    first_of_year,
    known_of,
    who_has,
    with_answer,
)
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
)
from healthsim.execution.sync.chart.pregnancies import pregnancy_facts
from healthsim.execution.sync.chart.rows import choose, in_order
from healthsim.execution.sync.chart.smoking import Smoking
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.social import (
    SMOKING,
    Answer,
    Fact,
    facts,
    occupations,
)
from healthsim.products.patientsim.history import OBSERVATIONS
from healthsim.tables import Columns, stack

_DRINKS = (("F10.1", "F10.2"), ("F10.11", "F10.21"))
"""Beginnings of codes of those who drink too much, and of those who have stopped."""
_NO_LIFE_SUPPORT = "Wishes treatment of what can be cured, and no long life support"
_INTERPRETER = 0.6  # share of those who speak another language who wish one: assumption
_BEFORE = ("alcohol_use", "education", "sexual_orientation", "treatment_preference",
           "care_preference")  # fmt: skip
"""Facts that are asked once, before the data, and drawn from the table of values."""


def observations(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `observations`: what was known before the data, and what is asked in visits."""
    women = ctx.people.gender.equals("F")
    before, visits = (
        asked_before(ctx, tables["patients"]),
        asked_in_visits(ctx, tables["encounters"]),
    )
    parts = [_smoking(ctx, tables, before, visits), *_occupation(ctx, before)]
    parts += [_known(ctx, tables, facts()[kind], before, women) for kind in _BEFORE]
    parts += pregnancy_facts(ctx, tables, visits, women)
    kept = [part for part in parts if len(part["person_id"])]
    return in_order(stack(kept), "observation_id") if kept else OBSERVATIONS.empty()


def _smoking(
    ctx: SyncContext, tables: Mapping[str, Columns], before: Asked, visits: Asked
) -> Columns:
    """Return the smoking status before the data, and in the first visit of each year."""
    fact, nobody = facts()["smoking_status"], np.zeros(len(ctx.people), dtype=np.bool_)
    smoking = Smoking.of(ctx, tables)
    answers = [Answer(text, snomed().rows[text].code, "SNOMED CT", 1) for text in SMOKING]
    asked = [one.may_be_about(fact, nobody) for one in (before, visits)]
    asked[1] = asked[1].at(first_of_year(asked[1]))
    return stack([
        fact_rows(ctx, fact, one, smoking.on(one.row, one.day), answers) for one in asked
    ])  # fmt: skip


def _work(ctx: SyncContext, rows: Rows) -> NDArray[np.int32]:
    """Return positions of people's occupations."""
    u = ctx.record.draws.uniform("chart/occupation", rows)
    return choose(u, [one.weight for one in occupations()])


def _occupation(ctx: SyncContext, before: Asked) -> list[Columns]:
    """Return occupations, and the industry in which most of an occupation work."""
    fact = facts()["occupation"]
    nobody = np.zeros(len(ctx.people), dtype=np.bool_)
    asked = known_of(ctx, fact, before.may_be_about(fact, nobody))
    which = _work(ctx, asked.row)
    work = [Answer(one.occupation, one.soc, "SOC 2018", 1) for one in occupations()]
    where = [Answer(one.industry, one.naics, "NAICS 2022", 1) for one in occupations()]
    return [fact_rows(ctx, fact, asked, which, work),
            fact_rows(ctx, facts()["industry"], asked, which, where)]  # fmt: skip


def _known(
    ctx: SyncContext, tables: Mapping[str, Columns], fact: Fact, before: Asked, women: Mask
) -> Columns:
    """Return a fact that is asked once, before the data, as it agrees with the rest."""
    asked = known_of(ctx, fact, before.may_be_about(fact, women))
    which, answers = drawn_answers(ctx, fact.kind, asked)
    if fact.kind == "alcohol_use":
        which = _as_coded(ctx, tables["conditions"], asked, which, answers)
    elif fact.kind == "education":
        degree = np.array([one.degree for one in occupations()])[_work(ctx, asked.row)]
        which = with_answer(which, degree, answers, "More than high school")
    elif fact.kind == "treatment_preference":
        kept = who_has(ctx, tables["conditions"], ("Z66", "Z51.5"))[asked.row]
        which = with_answer(which, kept, answers, _NO_LIFE_SUPPORT)
    elif fact.kind == "care_preference":
        other = ~ctx.people.language.equals("en")[asked.row]
        u = ctx.record.draws.uniform("chart/care_preference/interpreter")[asked.row]
        which = with_answer(which, other & (u < _INTERPRETER), answers, "Wishes an interpreter")
    elif fact.kind == "sexual_orientation":
        which = _as_married(ctx, asked, which, answers)
    return fact_rows(ctx, fact, asked, which, answers)


def _as_coded(
    ctx: SyncContext, conditions: Columns, asked: Asked, which: Numbers, answers: Sequence[Answer]
) -> Numbers:
    """Return drinking as codes say it: F10 in remission, or abuse and dependence."""
    drinks, stopped = (who_has(ctx, conditions, codes)[asked.row] for codes in _DRINKS)
    which = with_answer(which, drinks, answers, "Heavy drinker")
    return with_answer(which, stopped, answers, "Former drinker")


def _as_married(
    ctx: SyncContext, asked: Asked, which: Numbers, answers: Sequence[Answer]
) -> Numbers:
    """Return orientations that fit the spouse in the household, where there is one."""
    households = ctx.people.households
    if households is None or not households.families:
        return which
    place = ctx.people.number
    spouse = np.full(len(ctx.people), -1, dtype=np.int64)
    second = np.flatnonzero(place == 2)
    spouse[second], spouse[households.anchor[second]] = households.anchor[second], second
    own, other = ctx.people.gender.codes[asked.row], ctx.people.gender.codes[spouse[asked.row]]
    text = np.array([one.text for one in answers])[which]
    married = spouse[asked.row] >= 0
    which = with_answer(which, married & (own != other) & (text == "Homosexual"), answers,
                   "Heterosexual")  # fmt: skip
    return with_answer(which, married & (own == other) & (text == "Heterosexual"), answers,
                  "Homosexual")  # fmt: skip
