"""The day from which time is counted for each person: of randomisation, or of the first event."""

from __future__ import annotations

from healthsim.pictures.source import Source


def index_days(source: Source, *, randomized: bool) -> tuple[str, str]:
    """Return a SELECT of person_id and day, and what the day is, in words.

    Args:
        source: the scenario.
        randomized: count from randomisation, where arms of a trial are compared.
    """
    if randomized and source.has("subjects", "randomized_date"):
        sql = ("SELECT person_id, min(randomized_date) AS day FROM subjects "
               "WHERE randomized_date IS NOT NULL GROUP BY person_id")  # fmt: skip
        return sql, "randomisation"
    if source.manifest.rows.get("events") and source.has("events", "event_date"):
        return ("SELECT person_id, min(event_date) AS day FROM events GROUP BY person_id",
                "each person's first event")  # fmt: skip
    return (f"SELECT person_id, DATE '{source.first_day}' AS day FROM {source.people}",  # noqa: S608
            str(source.first_day))  # fmt: skip
