# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of stays: their DRG is the one that their codes give, and the codes fit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb
import pyarrow as pa

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.audit.temporary import make_tables, typed
from healthsim.billing.drg.definitions import first_days
from healthsim.billing.drg.grouping import Stay, complications, group
from healthsim.codes.books import drg as drg_book

_COLUMNS = ("encounters.drg_source", "encounters.drg_derived")
_NEEDS = ("encounters", "encounter_diagnoses", "procedures", "patients")
_OLDEST_MOTHER, _YOUNGEST_MOTHER = 65, 8  # years; Medicare code editor: 9 to 64, and a year of room
_NEWBORN_DAYS = 28
_VERSION = " + ".join(f"(e.end_at >= DATE '{day}')::INTEGER" for day in first_days()[1:])
_STAYS = f"""
SELECT e.encounter_id, p.gender, coalesce(e.disposition, '') AS status, {_VERSION} AS version,
  d.codes, coalesce(o.codes, '') AS done
FROM encounters AS e JOIN patients AS p USING (person_id)
JOIN (SELECT encounter_id, string_agg(concat(code, ':', poa), ' ' ORDER BY sequence) AS codes
      FROM encounter_diagnoses GROUP BY encounter_id) AS d USING (encounter_id)
LEFT JOIN (SELECT encounter_id, string_agg(DISTINCT code, ' ' ORDER BY code) AS codes
           FROM procedures WHERE system = 'ICD-10-PCS' GROUP BY encounter_id) AS o
  USING (encounter_id)
WHERE e.encounter_class = 'inpatient'
"""
_KEY = "gender, status, version, codes, done"


def lay_out_groups(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables that rules of stays read, of the stays that a file now holds.

    ``stay_groups (encounter_id, drg, mdc, levels)``: what each stay's codes give, with the levels
    (M, C) of the complications that count; ``severe_groups (drg, levels)``: groups whose title asks
    for a complication, with the levels of which one is enough.
    """
    severe = typed({"drg": pa.string(), "levels": pa.string()}, _severe())
    make_tables(connection, {"severe_groups": severe})
    connection.execute(f"CREATE OR REPLACE TEMP TABLE grouped_stays AS {_STAYS}")
    distinct = connection.execute(f"SELECT DISTINCT {_KEY} FROM grouped_stays").fetchall()
    found = [(*row, *_group(*row)) for row in distinct]
    names = (*_KEY.split(", "), "drg", "mdc", "levels")
    types = {name: pa.int32() if name == "version" else pa.string() for name in names}
    connection.register("laid_out", typed(types, found))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE stay_groups AS SELECT s.encounter_id, g.drg, g.mdc, g.levels "
        f"FROM grouped_stays AS s LEFT JOIN laid_out AS g USING ({_KEY})"
    )
    connection.unregister("laid_out")


def reads_groups(rules: Iterable[AnyRule]) -> bool:
    """Tell whether some rules read the tables of `lay_out_groups`."""
    return any(rule.needs == _NEEDS for rule in rules)


def _group(
    gender: str | None, status: str, version: int, codes: str, done: str
) -> tuple[str | None, str, str]:
    """Return DRG, category and levels of complications of a stay as it is stored."""
    stated = [entry.split(":") for entry in codes.split(" ")]
    stay = Stay(
        principal=stated[0][0],
        secondary=tuple(code for code, _ in stated[1:]),
        late=frozenset(code for code, poa in stated[1:] if poa in {"N", "U"}),
        procedures=tuple(done.split(" ")) if done else (),
        sex=gender or "",
        status=status,
        version=version,
    )
    grouped = group(stay)
    return grouped.drg, grouped.mdc, "".join(sorted(set(complications(stay).values())))


def _severe() -> Iterator[tuple[str, str]]:
    """Yield the groups whose title asks for a complication and nothing else instead of it."""
    for code, row in drg_book().rows.items():
        for ending, levels in ((" WITH CC/MCC", "CM"), (" WITH MCC", "M"), (" WITH CC", "CM")):
            if row.display.endswith(ending):
                yield code, levels
                break


_STAY = "concat('encounter_id ', e.encounter_id"


def _behind(table: str, key: str, name: str, first: str, then: str) -> AuditRule:
    return AuditRule(
        f"{name} {table}.sequence", f"{table}.sequence", (table,),
        f"SELECT DISTINCT concat('{key} ', a.{key}) FROM {table} AS a JOIN {table} AS b "
        f"USING ({key}) WHERE starts_with(a.code, '{then}') AND regexp_matches(b.code, "
        f"'^({first})') AND a.sequence < b.sequence",
        "state the hypertension first: the classification asks for it",
    )  # fmt: skip


RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a derived group is the one that the stay's codes give", "encounters.drg_derived", _NEEDS,
        f"SELECT {_STAY}, ' has ', e.drg_derived, ', its codes give ', g.drg) FROM encounters AS e "
        "LEFT JOIN temp.stay_groups AS g USING (encounter_id) "
        "WHERE e.drg_derived IS DISTINCT FROM g.drg", columns=_COLUMNS,
    ),
    RowRule(
        "a stay's group says where it is from", "encounters.drg_source", "encounters",
        "CASE WHEN encounter_class <> 'inpatient' THEN drg IS NOT NULL OR drg_source IS NOT NULL "
        "OR drg_derived IS NOT NULL "
        "WHEN drg_source = 'derived' THEN drg IS NULL OR drg IS DISTINCT FROM drg_derived "
        "WHEN drg_source = 'stated' THEN drg IS NULL "
        "WHEN drg_source = 'not grouped' THEN drg IS NOT NULL ELSE true END", columns=_COLUMNS,
    ),
    AuditRule(
        "a group with complications has one that counts", "encounters.drg", _NEEDS,
        f"SELECT {_STAY}, ' is in ', e.drg) FROM encounters AS e "
        "JOIN temp.severe_groups AS s USING (drg) "
        "JOIN temp.stay_groups AS g USING (encounter_id) WHERE e.drg_source = 'derived' "
        "AND NOT regexp_matches(g.levels, concat('[', s.levels, ']'))", columns=_COLUMNS,
    ),
    AuditRule(
        "a stay of pregnancy is a woman's, one of a newborn is of its first days",
        "encounters.drg_derived", _NEEDS,
        f"SELECT {_STAY}, ' is in category ', g.mdc) FROM encounters AS e "
        "JOIN temp.stay_groups AS g USING (encounter_id) JOIN patients AS p USING (person_id) "
        f"WHERE g.mdc = '14' AND (p.gender <> 'F' OR date_diff('year', p.birth_date, "
        f"e.start_at::DATE) NOT BETWEEN {_YOUNGEST_MOTHER} AND {_OLDEST_MOTHER}) "
        f"OR g.mdc = '15' AND e.start_at::DATE - p.birth_date > {_NEWBORN_DAYS}",
        columns=_COLUMNS,
    ),
    *(_behind(table, key, *order)
      for table, key in (("encounter_diagnoses", "encounter_id"), ("claim_diagnoses", "claim_id"))
      for order in (
          ("hypertensive heart disease stands before the failure", r"I11\.0|I13", "I50"),
          ("hypertensive kidney disease stands before its stage", "I12|I13", "N18"))),
)  # fmt: skip
"""Rules of stays and their groups."""
