"""What a series says of change: only those who were measured at both ends can have changed."""

from __future__ import annotations

import json

import pytest

from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures.ends import Ends
from healthsim.pictures.words import figure
from pictures.reading import rows

pytestmark = pytest.mark.slow

_TIMED = """WITH i AS (SELECT person_id, min(event_date) AS day FROM events GROUP BY 1),
    v AS (SELECT person_id, value, round((collected_at::DATE - day) / 91.3125)::INT AS t
          FROM lab_results JOIN i USING (person_id) WHERE loinc = '13457-7')"""


def test_few_of_those_at_the_start_measured_later_is_no_change_of_all(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "series", what="LDL")

    sql = (
        f"{_TIMED} SELECT t, count(DISTINCT person_id), median(value) FROM v GROUP BY 1 ORDER BY 1"
    )
    (first, everybody, start), *_, (last, few, _) = rows(home, "diabetes", sql)
    both, before, after = rows(home, "diabetes", f"""{_TIMED} SELECT count(DISTINCT person_id),
        median(value) FILTER (t = {first}), median(value) FILTER (t = {last}) FROM v WHERE person_id
        IN (SELECT person_id FROM v WHERE t = {first})
        AND person_id IN (SELECT person_id FROM v WHERE t = {last})""")[0]  # fmt: skip
    assert few < everybody / 2
    assert "→" not in picture.title
    assert f"{figure(start)} at the start; later only {few} of {everybody} people" in picture.title
    assert f"{figure(before)} → {figure(after)} of the {both} measured at both" in picture.says
    assert "hollow" in picture.spec["title"]["subtitle"]


def test_every_time_has_its_number_of_values_and_one_with_few_is_hollow(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "series", what="LDL")

    marks = picture.spec["data"]["values"]
    assert [mark["n"] for mark in marks] == [str(row[1]) for row in picture.rows]
    most = max(row[1] for row in picture.rows)
    assert [mark["thin"] for mark in marks] == [row[1] < most / 3 for row in picture.rows]


@pytest.mark.parametrize(
    ("ends", "title", "says"),
    [
        (Ends("", 60, 60, 60, 8.1, 7.2, 8.1, 7.2), "8.1 → 7.2", "8.1 → 7.2"),
        (Ends("", 60, 50, 50, 8.1, 7.2, 8.0, 7.2), "8 → 7.2, of the 50 measured at both ends",
         "8 → 7.2, of the 50 measured at both ends"),
        (Ends("A", 30, 40, 0, 8.1, 7.2, None, None),
         "8.1 at the start (A); others were measured later",
         "8.1 at the start of 30 people and 7.2 at the end of 40 people (A), of whom none was "
         "measured at both"),
        (Ends("", 290, 37, 37, 101, 107, 114, 107),
         "101 at the start; later only 37 of 290 people were measured",
         "101 at the start of 290 people and 107 at the end of 37 people; 114 → 107 of the 37 "
         "measured at both"),
        (Ends("", 9, 0, 0, 5.5, 5.5, None, None), "5.5", "5.5 of 9 people"),
    ],
)  # fmt: skip
def test_a_change_is_said_of_the_same_people_or_not_at_all(
    ends: Ends, title: str, says: str
) -> None:
    assert (ends.short, ends.long) == (title, says)


def test_bands_that_would_lie_over_each_other_are_not_drawn(home: Home) -> None:
    two = drawing.draw(home, "diabetes", "series", what="A1c", by="sex")
    more = drawing.draw(home, "diabetes", "series", what="A1c", by="age")

    assert len({row[1] for row in more.rows}) > 2
    for picture, banded in ((two, True), (more, False)):
        assert ("area" in json.dumps(picture.spec)) is banded
        assert ("the band" in picture.spec["title"]["subtitle"]) is banded
