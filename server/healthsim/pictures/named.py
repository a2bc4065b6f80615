"""What a step or a code is called in words: by what its rows hold, not by its id."""

from __future__ import annotations

from healthsim.codes.icd10cm import icd10cm
from healthsim.errors import NotFound
from healthsim.pictures.source import Source
from healthsim.pictures.words import short, test_name

_SAID = (
    ("prescriptions", "drug", "a prescription of {}"),
    ("lab_results", "display", "a test of {}"),
    ("vital_signs", "display", "a measurement of {}"),
    ("procedures", "display", "{}"),
    ("conditions", "display", "{}"),
    ("immunizations", "display", "{}"),
    ("adverse_events", "display", "{}"),
    ("referrals", "specialty", "a referral to {}"),
    ("encounters", "reason", "a visit for {}"),
)  # fmt: skip
"""Tables whose rows say what a step is, with the column that does, and how it is said."""


def step_name(source: Source, step: str) -> str:
    """Return what a step is in words; its id in words where its rows differ or there are none.

    Where other steps have the same, its id in words is said too.
    """
    words = short(step.replace("_", " "), 40)
    for table, column, said in _SAID:
        if not source.has(table, column, "event_id"):
            continue
        number, one, elsewhere = source.select(
            "WITH mine AS (SELECT event_id FROM events WHERE step = ?), "  # noqa: S608
            f"r AS (SELECT {column} AS what, event_id IN (FROM mine) AS own FROM {table}) "
            "SELECT count(DISTINCT what) FILTER (own), left(any_value(what) FILTER (own), 200), "
            "count(*) FILTER (NOT coalesce(own, false) AND what IN "
            "(SELECT what FROM r WHERE own)) FROM r",
            step,
        )[0]
        if number == 1:
            tested = table in ("lab_results", "vital_signs")
            name = said.format(test_name(one) if tested else short(one, 60))
            return f"{name} ({words})" if elsewhere else name
        if number:
            break
    return words


def condition_name(source: Source, code: str) -> str:
    """Return what a code, or the beginning of one, is called, with the code."""
    try:
        display = icd10cm().row(code.upper()).display
    except NotFound:
        rows = source.select(
            "SELECT count(DISTINCT code), left(any_value(display), 200) FROM conditions "
            "WHERE starts_with(upper(code), upper(?))",
            code,
        )
        display = str(rows[0][1]) if rows[0][0] == 1 and rows[0][1] else "a condition"
    return f"{short(display, 60)} ({short(code.upper(), 20)})"
