"""Groups of people that pictures compare: by arm, sex, age, plan, or the way a branch took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from healthsim.errors import NotFound, near
from healthsim.pictures.source import Source
from healthsim.pictures.words import short

MOST = 7
"""Groups that can be told apart in one picture; smaller ones become one."""

OTHERS = "others"
_AGES = ((0, 17), (18, 34), (35, 49), (50, 64), (65, 74), (75, 84), (85, 199))
_COLUMNS = {"race": "race", "ethnicity": "ethnicity", "state": "state"}
_WORDS = ("arm", "sex", "age", "plan", *_COLUMNS)
_SAME = {"gender": "sex", "age band": "age", "ages": "age", "treatment": "arm", "arms": "arm",
         "plans": "plan", "sexes": "sex"}  # fmt: skip
_LONGEST = 80  # characters of a label that tell groups apart
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Grouping:
    """Who belongs to which group.

    Attributes:
        name: what the groups differ in; empty where there is one group of all.
        sql: a SELECT of person_id and label; who is in no group is not in it.
        values: the parameters of `sql`.
        labels: the groups, in the order in which they are drawn.
    """

    name: str
    sql: str
    values: tuple[object, ...] = ()
    labels: Sequence[str] = ("",)


def grouping(source: Source, by: str) -> Grouping:
    """Return the groups that a word or the id of a branch means.

    Args:
        source: the scenario.
        by: arm, sex, age, plan, race, ethnicity, state, or a branch; empty for everybody.

    Raises:
        NotFound: nothing of the scenario is called so; the error suggests near names.
    """
    word = _SAME.get(by.strip().lower(), by.strip())
    if not word:
        return Grouping("", f"SELECT person_id, '' AS label FROM {source.people}")  # noqa: S608
    known = _known(source, word)
    if known is None:
        raise NotFound("by", f"nothing of {source.name} is called {short(by, 40)!r}",
                       near(short(by, 40), [*_words_of(source), *branches(source)]))  # fmt: skip
    name, sql, values = known
    return _bounded(source, name, sql, values)


def branches(source: Source) -> list[str]:
    """Return the ids of the steps whose ways people took, most people first."""
    if not source.has("events", "option"):
        return []
    rows = source.select("SELECT left(step, 200) FROM events WHERE type = 'branch' "
                         "AND option IS NOT NULL GROUP BY step "
                         "ORDER BY count(*) DESC, step LIMIT 50")  # fmt: skip
    return [str(row[0]) for row in rows]


def _words_of(source: Source) -> list[str]:
    needs = {"arm": "subjects", "plan": "enrollments"}
    return [word for word in _WORDS if needs.get(word, source.people) in source.tables
            and (word not in _COLUMNS or source.has("patients", word))]  # fmt: skip


def _known(source: Source, word: str) -> tuple[str, str, tuple[object, ...]] | None:
    """Return name, SELECT and parameters of a grouping; None where there is none such."""
    lower, people = word.lower(), source.people
    if lower in _COLUMNS and source.has("patients", lower):
        return lower, f"SELECT person_id, {_COLUMNS[lower]} AS label FROM patients", ()  # noqa: S608
    if lower == "sex":
        return "sex", ("SELECT person_id, CASE gender WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' "  # noqa: S608
                       f"ELSE gender END AS label FROM {people}"), ()  # fmt: skip
    if lower == "age":
        age = source.age_sql
        bands = " ".join(f"WHEN {age} <= {high} THEN '{_band(low, high)}'" for low, high in _AGES)
        cases = f"WHEN {age} < 0 THEN 'born later' {bands}"
        return "age", f"SELECT person_id, CASE {cases} END AS label FROM {people}", ()  # noqa: S608
    if lower == "plan" and source.has("enrollments", "plan_id", "effective_date"):
        return "plan", ("SELECT person_id, arg_min(plan_id, (effective_date, payer_order)) "
                        "AS label FROM enrollments GROUP BY person_id"), ()  # fmt: skip
    if lower == "arm" and source.has("subjects", "arm"):
        return "arm", ("SELECT person_id, any_value(arm) AS label FROM subjects "
                       "WHERE arm IS NOT NULL GROUP BY person_id"), ()  # fmt: skip
    if word in branches(source):
        return word.replace("_", " "), (
            "SELECT person_id, arg_min(option, (event_date, event_id)) AS label FROM events "
            "WHERE step = ? AND type = 'branch' AND option IS NOT NULL GROUP BY person_id"
        ), (word,)  # fmt: skip
    return None


def _band(low: int, high: int) -> str:
    return f"{low}+" if high > 150 else f"{low}–{high}"


def _bounded(source: Source, name: str, sql: str, values: tuple[object, ...]) -> Grouping:
    """Keep the largest groups and make one of the others."""
    sql = f"SELECT person_id, left(CAST(label AS VARCHAR), {_LONGEST}) AS label FROM ({sql})"  # noqa: S608
    sizes = source.select(
        f"SELECT label, count(*) FROM ({sql}) WHERE label IS NOT NULL "  # noqa: S608
        "GROUP BY label ORDER BY count(*) DESC, label LIMIT 200",
        *values,
    )
    labels = [str(label) for label, _ in sizes]
    kept = labels if len(labels) <= MOST else labels[: MOST - 1]
    other = [OTHERS] if len(kept) < len(labels) else []
    ordered = sorted(kept, key=_by_number) if name == "age" else kept
    bounded = (
        f"SELECT person_id, CASE WHEN list_contains(?::VARCHAR[], label) THEN label "  # noqa: S608
        f"ELSE '{OTHERS}' END AS label FROM ({sql}) WHERE label IS NOT NULL"
    )
    return Grouping(name, bounded, (kept, *values), [*ordered, *other])


def _by_number(label: str) -> int:
    digits = "".join(sign if sign.isdigit() else " " for sign in label).split()
    return int(digits[0]) if digits else 1_000


def shown(label: str) -> str:
    """Return a group's name as a picture writes it."""
    return short(label, _SHOWN)
