# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of what charts hold of people: it agrees with codes, births and the ages of people."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.codes.pregnancy import SUPERVISION
from healthsim.medicine.instruments import instruments
from healthsim.medicine.social import FORMER, NEVER, SMOKING, facts, smoking_codes

_NAMED = "concat('observation_id ', o.observation_id)"
_ENDS = "coalesce(c.abatement_date, DATE '9999-12-31')"


def _coded(says: str) -> str:
    """Return a condition on `c.code`: it says that somebody smokes, or has smoked.

    Of the beginnings of a code, the first of the table counts.
    """
    cases = " ".join(
        f"WHEN starts_with(c.code, '{one.code}') THEN '{one.says}'" for one in smoking_codes()
    )
    return f"CASE {cases} ELSE '' END = '{says}'"


def _smoking(name: str, status: str, says: str, days: str) -> AuditRule:
    return AuditRule(
        name, "observations.value_text", ("observations", "conditions"),
        f"SELECT DISTINCT {_NAMED} FROM observations AS o JOIN conditions AS c USING (person_id) "
        f"WHERE o.kind = 'smoking_status' AND o.value_text {status} AND {_coded(says)} AND {days}",
    )  # fmt: skip


_LESS, _GREATER = (
    " OR ".join(f"(o.kind = '{one.kind}' AND {age} {sign} {getattr(one, name)})"
                for one in facts().values())
    for age, sign, name in (
        ("datesub('year', p.birth_date, o.effective_date)", "<", "age_low"),
        ("datesub('year', p.birth_date, o.effective_date)", ">", "age_high"),
    )
)  # fmt: skip
_WOMENS = ", ".join(f"'{one.kind}'" for one in facts().values() if one.sex == "F")
_SUPERVISED = " OR ".join(f"starts_with(c.code, '{prefix}')" for prefix in SUPERVISION)

_TOTALS = ", ".join(f"'{one.total}'" for one in instruments().values() if one.total)
_ADULT = "p.birth_date + INTERVAL 18 YEAR"

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "answers add up to the score", "screenings.score", ("screenings", "screening_answers"),
        "SELECT concat('screening_id ', s.screening_id) FROM screenings AS s "
        "LEFT JOIN (SELECT screening_id, sum(value) AS points FROM screening_answers "
        "GROUP BY screening_id) AS a USING (screening_id) "
        "WHERE s.score IS DISTINCT FROM a.points",
    ),
    AuditRule(
        "a score is that of its result", "screenings.score", ("screenings", "lab_results"),
        "SELECT concat('lab_result_id ', l.lab_result_id) FROM lab_results AS l "
        "LEFT JOIN screenings AS s ON s.screening_id = l.lab_result_id "
        f"WHERE l.loinc IN ({_TOTALS}) AND l.value IS NOT NULL AND (s.score IS DISTINCT FROM "
        "l.value OR s.taken_at <> l.collected_at OR s.person_id <> l.person_id)",
    ),
    AuditRule(
        "a relative in the data is that person of the household",
        "related_persons.related_to_person_id", ("related_persons", "patients"),
        "SELECT concat('related_person_id ', r.related_person_id) FROM related_persons AS r "
        "JOIN patients AS p USING (person_id) JOIN patients AS o "
        "ON o.person_id = r.related_to_person_id WHERE (r.given_name, r.family_name, r.birth_date, "
        "r.phone, r.street) <> (o.given_name, o.family_name, o.birth_date, o.phone, o.street) "
        "OR o.household_id <> p.household_id",
    ),
    AuditRule(
        "a minor has a guardian, and nobody else", "related_persons.guardian",
        ("related_persons", "patients"),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p LEFT JOIN (SELECT person_id "
        "FROM related_persons WHERE guardian GROUP BY person_id) AS g USING (person_id) "
        f"WHERE ({_ADULT} > (SELECT as_of FROM temp.data_days)) <> (g.person_id IS NOT NULL)",
    ),
    AuditRule(
        "a relative of the data is of an age to be one", "related_persons.birth_date",
        ("related_persons", "patients"),
        "SELECT concat('related_person_id ', r.related_person_id) FROM related_persons AS r "
        "JOIN patients AS p USING (person_id) WHERE (r.relationship IN ('MTH', 'FTH', 'PRN') "
        "AND r.birth_date >= p.birth_date) OR (r.relationship IN ('SONC', 'DAUC') "
        "AND r.birth_date <= p.birth_date)",
    ),
    AuditRule(
        "who is called in an emergency is alive", "family_history.deceased",
        ("family_history", "related_persons"),
        "SELECT concat('family_history_id ', f.family_history_id) FROM family_history AS f "
        "JOIN related_persons AS r USING (person_id, relationship) "
        "WHERE f.deceased AND r.related_to_person_id IS NULL",
    ),
    AuditRule(
        "a condition of a relative began in the relative's life", "family_history.onset_age",
        ("family_history",),
        "SELECT concat('family_history_id ', family_history_id) FROM family_history "
        "WHERE onset_age < 0 OR onset_age > died_age OR deceased <> (died_age IS NOT NULL)",
    ),
    _smoking("who has smoked by a code is none who never smoked", f"= '{SMOKING[NEVER]}'",
             "current", "true"),
    _smoking("who has given up smoking by a code is none who never smoked",
             f"= '{SMOKING[NEVER]}'", "former", "true"),
    _smoking("who smokes by a code has not given it up", f"= '{SMOKING[FORMER]}'", "current",
             f"o.effective_date BETWEEN c.onset_date AND {_ENDS}"),
    AuditRule(
        "who is pregnant by a code is told so", "observations.value_text",
        ("observations", "conditions"),
        f"SELECT DISTINCT {_NAMED} FROM observations AS o JOIN conditions AS c USING (person_id) "
        f"WHERE o.kind = 'pregnancy_status' AND o.value_text = 'Not pregnant' AND ({_SUPERVISED}) "
        "AND o.effective_date >= c.onset_date AND o.effective_date < "
        "coalesce(c.abatement_date, c.onset_date + 280)",
    ),
    AuditRule(
        "no fact at an age or of a sex that it is not about", "observations.kind",
        ("observations", "patients"),
        f"SELECT {_NAMED} FROM observations AS o JOIN patients AS p USING (person_id) "
        f"WHERE {_LESS} OR {_GREATER} OR (o.kind IN ({_WOMENS}) AND p.gender = 'M')",
    ),
)  # fmt: skip
