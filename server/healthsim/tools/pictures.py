"""Draw: one picture of a scenario, with the table behind it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.types import CallToolResult, ImageContent
from pydantic import Field
from pydantic_core import to_jsonable_python

from healthsim.operations.scenarios import rows_file
from healthsim.operations.tasks import TaskKind
from healthsim.tools import tasks
from healthsim.tools.answers import PictureAnswer, reply, rows
from healthsim.tools.server import Ctx
from healthsim.tools.tasks import LongTool
from healthsim.tools.views import with_view

if TYPE_CHECKING:
    from healthsim.operations.home import Home
    from healthsim.pictures.picture import Picture

Kind = Literal[
    "population_pyramid", "conditions", "cost_by_month", "asked_against_got", "journey", "series",
    "cumulative_incidence", "person_timeline",
]  # fmt: skip
MOST_ROWS = 60
"""Rows of the table in an answer."""

_LONGEST_SPEC = 24_000  # characters of a specification that an answer holds


async def draw(
    ctx: Ctx,
    name: Annotated[str, Field(description="A scenario.")],
    kind: Annotated[Kind | None, Field(description="Of what.")] = None,
    what: Annotated[str, Field(description="Lab, condition, step, person.")] = "",
    by: Annotated[
        str,
        Field(
            description="arm, sex, age, plan, race, ethnicity, state, line, month, mean, branch."
        ),
    ] = "",
) -> Annotated[CallToolResult, PictureAnswer]:
    """Draw a picture: chart, plot or diagram, with its numbers."""
    return await tasks.answered(ctx, DRAW, name=name, kind=kind or "", what=what, by=by)


def _draw(home: Home, asked: Mapping[str, Any]) -> Any:
    from healthsim.operations import drawing  # noqa: PLC0415  duckdb is heavy

    kinds = drawing.pictures_for(home, asked["name"])
    picture = drawing.draw(
        home, asked["name"], asked["kind"] or kinds[0], what=asked["what"], by=asked["by"]
    )
    return to_jsonable_python({"picture": picture, "kinds": kinds})


def _drawn(ctx: Ctx, asked: Mapping[str, Any], result: Any) -> CallToolResult:
    from healthsim.pictures import render  # noqa: PLC0415  only this tool needs it
    from healthsim.pictures.picture import Picture  # noqa: PLC0415  as it

    picture, kinds = Picture(**result["picture"]), result["kinds"]
    with render.session():
        answer = _answer(picture, [one for one in kinds if one != picture.kind])
        return with_view(ctx, answer, str(asked["name"]), picture, kinds)


DRAW = LongTool(TaskKind("draw", "draw", _draw, ("name",), rows_file), _drawn)


def _answer(picture: Picture, others: list[str]) -> CallToolResult:
    """Return a picture as an image with its sentence and the first rows of its table."""
    image, note = _image(picture)
    shown = list(picture.rows[:MOST_ROWS])
    left = len(picture.rows) - len(shown)
    if left:
        note = f"{note}{'; ' * bool(note)}{left} rows more: query_scenario counts them"
    answer = reply(
        PictureAnswer(
            title=picture.title,
            says=picture.says,
            table=rows(list(picture.columns), [list(row) for row in shown]),
            note=note,
            vega_lite={} if image else _short_spec(picture),
            kinds=others,
            next="Show the picture and say its finding; kinds are others of this scenario.",
        )
    )
    if image:
        answer.content.append(image)
    return answer


def _image(picture: Picture) -> tuple[ImageContent | None, str]:
    """Return the picture as PNG; or none, and why not."""
    from healthsim.pictures import render  # noqa: PLC0415  only this tool needs it

    try:
        data = render.png(picture)
    except render.NoRenderer as error:
        return None, str(error)
    text = base64.b64encode(data).decode("ascii")
    return ImageContent(type="image", data=text, mime_type="image/png"), ""


def _short_spec(picture: Picture) -> dict[str, Any]:
    """Return the Vega-Lite specification for a client that can draw it, if an answer holds it."""
    return dict(picture.spec) if len(json.dumps(picture.spec)) <= _LONGEST_SPEC else {}
