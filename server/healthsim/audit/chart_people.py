# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of what charts hold of people: it agrees with codes, births and the ages of people."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.codes.pregnancy import SUPERVISION
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

RULES: tuple[AnyRule, ...] = (
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
