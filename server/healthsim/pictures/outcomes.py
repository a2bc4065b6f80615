"""Outcomes that can be counted over time: who is followed from when, and what ends it."""

from __future__ import annotations

from dataclasses import dataclass

from healthsim.errors import NotFound, near
from healthsim.pictures.index_day import index_days
from healthsim.pictures.named import condition_name, step_name
from healthsim.pictures.picture import NothingToDraw
from healthsim.pictures.source import Source
from healthsim.pictures.words import short

DEATH, DISENROLMENT, READMISSION = "death", "disenrolment", "readmission"
STAY = "hospital stay"
_SAME = {"died": DEATH, "dies": DEATH, "mortality": DEATH, "survival": DEATH, "dead": DEATH,
         "deaths": DEATH, "disenrollment": DISENROLMENT, "leaving": DISENROLMENT,
         "loss of coverage": DISENROLMENT, "readmissions": READMISSION,
         "readmitted": READMISSION, "stay": STAY, "inpatient": STAY, "admission": STAY,
         "hospitalization": STAY, "hospitalisation": STAY, "hospital_stay": STAY}  # fmt: skip
_FAR = "DATE '9999-12-31'"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome.

    Attributes:
        name: in words, after "share with".
        since: what time is counted from, in words.
        sql: a SELECT of person_id, `event`, `other` and `ends`: days from the start to the event,
            to another reason to leave (null where there was none), and to the end of follow-up.
        values: its parameters.
        unit: what is counted.
        others: the other reasons, in words; empty where there is none.
        horizon: days that are drawn; None for all.
    """

    name: str
    since: str
    sql: str
    values: tuple[object, ...] = ()
    unit: str = "people"
    others: str = ""
    horizon: int | None = None


def named_outcome(source: Source, what: str, *, randomized: bool) -> Outcome:
    """Return the outcome that a text means.

    Args:
        source: the scenario.
        what: death, disenrolment, readmission, hospital stay, a code of a condition or its
            beginning, or the id of a step.
        randomized: follow from randomisation.

    Raises:
        NotFound: nothing is called so; the error suggests what there is.
        NothingToDraw: the tables that it needs are missing, or nothing can be followed.
    """
    wanted = _SAME.get(what.strip().lower(), what.strip())
    if wanted.lower() == DEATH:
        return _death(source, randomized)
    if wanted.lower() == DISENROLMENT:
        return _disenrolment(source)
    if wanted.lower() == READMISSION:
        return _readmission(source)
    if wanted.lower() == STAY:
        return _stay(source, randomized)
    if source.has("events", "step") and _any(source, "events WHERE step = ?", wanted):
        return _step(source, wanted, randomized)
    if source.has("conditions", "code", "onset_date") and _any(
        source, "conditions WHERE starts_with(upper(code), upper(?))", wanted
    ):
        return _condition(source, wanted, randomized)
    raise NotFound("what", f"nothing of {source.name} is called {short(wanted, 40)!r}",
                   near(short(wanted, 40), _known(source)))  # fmt: skip


def _any(source: Source, rows: str, *values: object) -> bool:
    return bool(source.select(f"SELECT 1 FROM {rows} LIMIT 1", *values))  # noqa: S608


def has_stays(source: Source) -> bool:
    """Return whether anybody was in hospital."""
    if not source.has("encounters", "encounter_class", "start_at", "end_at"):
        return False
    return _any(source, "encounters WHERE encounter_class = 'inpatient'")


def _steps(source: Source) -> list[str]:
    """Return the steps that some people got, and others not, the most even first."""
    if not source.has("events", "step", "event_date"):
        return []
    rows = source.select(
        "SELECT step FROM (SELECT left(step, 200) AS step, count(DISTINCT person_id) AS n "
        "FROM events WHERE type NOT IN ('change', 'branch', 'stage') GROUP BY 1) ORDER BY "
        "abs(n - max(n) OVER () / 2), step LIMIT 100"
    )
    return [str(row[0]) for row in rows]


def _known(source: Source) -> list[str]:
    codes = source.select("SELECT DISTINCT left(code, 20) FROM conditions LIMIT 200") if source.has(
        "conditions", "code") else []  # fmt: skip
    return [
        DEATH,
        DISENROLMENT,
        READMISSION,
        STAY,
        *_steps(source),
        *(str(row[0]) for row in codes),
    ]


def _followed(source: Source, randomized: bool) -> tuple[str, str]:
    """Return CTEs `i` (person_id, day) and `o` (person_id, death day, last day), and since when."""
    days, since = index_days(source, randomized=randomized)
    dies = "death_date" if source.has("patients", "death_date") else "NULL::DATE"
    table = "patients" if "patients" in source.tables else source.people
    return (f"WITH i AS ({days}), o AS (SELECT person_id, {dies} AS dies, "  # noqa: S608
            f"{_last(source)} AS last FROM {table})"), since  # fmt: skip


def _last(source: Source) -> str:
    """SQL of the last day of the data."""
    if source.last_day is not None:
        return f"DATE '{source.last_day}'"
    if source.has("events", "event_date"):
        return "(SELECT max(event_date) FROM events)"
    return f"DATE '{source.first_day}' + 365"


def _death(source: Source, randomized: bool) -> Outcome:
    source.need("patients", "death_date")
    ctes, since = _followed(source, randomized)
    sql = (f"{ctes} SELECT person_id, dies - day AS event, NULL::INT AS other, "  # noqa: S608
           "last - day AS ends FROM i JOIN o USING (person_id) "
           "WHERE coalesce(dies, last) >= day")  # fmt: skip
    return Outcome("death", since, sql)


def _step(source: Source, step: str, randomized: bool) -> Outcome:
    """Follow to a step; death and the end of the journey or trial make it impossible."""
    ctes, since = _followed(source, randomized)
    sql = (
        f"{ctes}, e AS (SELECT person_id, min(event_date) FILTER (step = ?) AS happens, "  # noqa: S608
        "max(event_date) FILTER (type IN ('end', 'withdrawal')) AS leaves FROM events "
        "WHERE journey IN (SELECT journey FROM events WHERE step = ?) GROUP BY person_id) "
        "SELECT person_id, happens - day AS event, least(dies, leaves) - day AS other, "
        "last - day AS ends FROM i JOIN o USING (person_id) JOIN e USING (person_id) "
        "WHERE happens IS NULL OR happens >= day"
    )
    return Outcome(step_name(source, step), since, sql, (step, step),
                   others="death and the end of the journey")  # fmt: skip


def _condition(source: Source, code: str, randomized: bool) -> Outcome:
    """Follow those who do not have it yet to its first day."""
    ctes, since = _followed(source, randomized)
    sql = (
        f"{ctes}, e AS (SELECT person_id, min(onset_date) AS happens FROM conditions "  # noqa: S608
        "WHERE starts_with(upper(code), upper(?)) GROUP BY person_id) "
        "SELECT person_id, happens - day AS event, dies - day AS other, last - day AS ends "
        "FROM i JOIN o USING (person_id) LEFT JOIN e USING (person_id) "
        "WHERE happens IS NULL OR happens > day"
    )
    since = f"{since}, of those without it"
    return Outcome(condition_name(source, code), since, sql, (code,), others="death")


def _disenrolment(source: Source) -> Outcome:
    """Follow the insured from their first covered day to the first day without coverage."""
    source.need("enrollments", "effective_date", "term_date")
    dies = "left_dies" if source.has("patients", "death_date") else "NULL::DATE"
    deaths = ("LEFT JOIN (SELECT person_id, death_date AS left_dies FROM patients) "
              "USING (person_id)") if source.has("patients", "death_date") else ""  # fmt: skip
    sql = (
        f"WITH s AS (SELECT person_id, effective_date, coalesce(term_date, {_FAR}) AS term, "  # noqa: S608
        "max(coalesce(term_date, DATE '9999-12-31')) OVER (PARTITION BY person_id ORDER BY "
        "effective_date ROWS UNBOUNDED PRECEDING) AS upto, lead(effective_date) OVER (PARTITION BY "
        "person_id ORDER BY effective_date) AS following FROM enrollments), "
        "e AS (SELECT person_id, min(effective_date) AS day, min(upto) FILTER (upto < "
        f"{_FAR} AND coalesce(following > upto + 1, true)) AS upto FROM s GROUP BY person_id), "
        f"t AS (SELECT person_id, day, upto + 1 AS ends_on, {dies} AS dies, "
        f"{_last(source)} AS last FROM e {deaths}) "
        "SELECT person_id, CASE WHEN dies IS NULL OR dies > ends_on THEN ends_on - day END AS "
        "event, dies - day AS other, last - day AS ends FROM t WHERE last >= day"
    )
    return Outcome("disenrolment", "the first covered day", sql,
                   others="death" if deaths else "")  # fmt: skip


def _stay(source: Source, randomized: bool) -> Outcome:
    """Follow everybody to their first stay in hospital; death makes it impossible."""
    _need_stays(source)
    ctes, since = _followed(source, randomized)
    sql = (
        f"{ctes}, e AS (SELECT i.person_id, min(start_at::DATE) AS happens FROM encounters "  # noqa: S608
        "JOIN i ON i.person_id = encounters.person_id AND start_at::DATE >= i.day "
        "WHERE encounter_class = 'inpatient' GROUP BY 1) "
        "SELECT person_id, happens - day AS event, dies - day AS other, last - day AS ends "
        "FROM i JOIN o USING (person_id) LEFT JOIN e USING (person_id)"
    )
    return Outcome("a hospital stay", since, sql, others="death")


def _need_stays(source: Source) -> None:
    if not has_stays(source):
        raise NothingToDraw(
            source.name, "has no inpatient stay", "draw another outcome: what=death"
        )


def _readmission(source: Source) -> Outcome:
    """Follow each discharge from a stay to the next stay; death makes it impossible.

    A stay that begins on the day of the discharge is a transfer: the same stay goes on.
    """
    _need_stays(source)
    dies = "death_date" if source.has("patients", "death_date") else "NULL::DATE"
    sql = (
        "WITH s AS (SELECT person_id, end_at::DATE AS day, lead(start_at::DATE) OVER (PARTITION "  # noqa: S608
        "BY person_id ORDER BY start_at, end_at) AS following FROM encounters "
        f"WHERE encounter_class = 'inpatient'), o AS (SELECT person_id, {dies} AS dies "
        f"FROM {source.people}) SELECT person_id, following - day AS event, dies - day AS other, "
        f"{_last(source)} - day AS ends FROM s LEFT JOIN o USING (person_id) "
        "WHERE (dies IS NULL OR dies > day) AND (following IS NULL OR following > day)"
    )
    return Outcome("readmission", "discharge", sql, unit="discharges", others="death", horizon=90)
