"""The population pyramid: its figures, and that it can be rendered."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from healthsim.errors import NotFound
from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures import render
from pictures.reading import rows

pytestmark = pytest.mark.slow


def test_the_pyramid_counts_what_a_query_counts_by_sex_and_age(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "population_pyramid")

    got = {(band, sex): count for band, women, men in picture.rows
           for sex, count in (("F", women), ("M", men)) if count}  # fmt: skip
    as_of = "DATE '2025-01-01'"
    counted = rows(
        home,
        "diabetes",
        f"""
        SELECT if(a >= 85, '85+', (a // 5 * 5)::INT || '–' || (a // 5 * 5 + 4)::INT), gender,
               count(*)
        FROM (SELECT gender, date_part('year', age({as_of}, birth_date)) AS a FROM patients)
        GROUP BY ALL""",
    )
    assert got == {(band, sex): count for band, sex, count in counted}
    assert sum(got.values()) == 60


def test_a_picture_is_rendered_in_both_themes_with_its_text_in_place_of_it(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "population_pyramid")

    for theme in ("light", "dark"):
        root = ElementTree.fromstring(render.svg(picture, theme, 400))
        assert "60 people" in "".join(root.itertext())
        assert render.png(picture, theme).startswith(b"\x89PNG")


def test_an_unknown_kind_or_scenario_is_answered_with_the_nearest(home: Home) -> None:
    with pytest.raises(NotFound, match="did you mean 'population_pyramid'"):
        drawing.draw(home, "diabetes", "pyramid")
    with pytest.raises(NotFound, match="diabetes"):
        drawing.draw(home, "diabetis", "population_pyramid")
