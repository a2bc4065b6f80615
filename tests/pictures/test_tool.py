"""Pictures as a model and a person at the command line get them."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import ImageContent, TextContent

from healthsim import cli
from healthsim.app import build_server
from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures import render

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(home: Home) -> AsyncIterator[Client]:
    async with Client(build_server(home.folder, read_only=True)) as opened:
        yield opened


@pytest.fixture
def _no_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the image out, which takes a process: the test looks at texts alone."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)


async def _draw(client: Client, **arguments: Any) -> Any:
    return await client.call_tool("draw", arguments)


async def test_an_answer_is_a_picture_and_the_same_figures_as_text_and_data(
    client: Client,
) -> None:
    answer = await _draw(client, name="trial", kind="series", what="A1c", by="arm")

    text, image = answer.content
    assert isinstance(text, TextContent)
    assert json.loads(text.text) == answer.structured_content
    assert isinstance(image, ImageContent)
    assert image.mime_type == "image/png"
    assert base64.b64decode(image.data).startswith(b"\x89PNG")
    assert len(image.data) < 1_000_000
    assert len(text.text) < 4_000
    told = answer.structured_content
    assert "treatment" in told["title"]
    assert told["table"]["columns"][-1] == "quartile_3"
    assert "series" not in told["kinds"]


@pytest.mark.usefixtures("_no_renderer")
async def test_without_a_kind_the_people_are_drawn_and_the_other_kinds_named(
    client: Client,
) -> None:
    answer = await _draw(client, name="kidneys", kind=None)

    assert "24 people" in answer.structured_content["title"]
    assert len(answer.structured_content["kinds"]) == 7


@pytest.mark.usefixtures("_no_renderer")
async def test_a_long_table_is_cut_and_says_so(client: Client) -> None:
    answer = await _draw(client, name="trial", kind="person_timeline", what="")

    told = answer.structured_content
    assert len(told["table"]["rows"]) <= 60
    assert ("rows more" in told.get("note", "")) == (len(told["table"]["rows"]) == 60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "trail"}, "did you mean 'trial'"),
        ({"name": "trial", "kind": "pie"}, "population_pyramid"),
        ({"name": "trial", "kind": "series", "what": "a1d"}, "Hemoglobin A1c"),
        ({"name": "trial", "kind": "conditions", "by": "arm"}, "leave by out"),
        ({"name": "payer", "kind": "conditions"}, "has no conditions to draw"),
    ],
)  # fmt: skip
async def test_what_cannot_be_drawn_is_answered_with_its_mend(
    client: Client, arguments: dict[str, str], said: str
) -> None:
    answer = await _draw(client, **arguments)

    assert answer.is_error
    assert said in answer.content[0].text


@pytest.mark.usefixtures("_no_renderer")
async def test_without_a_renderer_there_is_the_table_and_the_specification(
    client: Client,
) -> None:
    answer = await _draw(client, name="trial", kind="series")

    (text,) = answer.content
    told = json.loads(text.text)
    assert "install vl-convert-python" in told["note"]
    assert told["vega_lite"]["$schema"].startswith("https://vega.github.io/")
    assert told["table"]["rows"]


def _run(home: Home, *arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEALTHSIM_HOME", str(home.folder))
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["healthsim", *arguments])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_command_writes_svg_png_and_vega_lite(home: Home, tmp_path: Path) -> None:
    begins = {"svg": b"<svg", "png": b"\x89PNG", "json": b"{"}
    for ending, first in begins.items():
        file = tmp_path / f"pyramid.{ending}"
        code, out, err = _run(home, "draw", "trial", "population_pyramid", "--out", str(file),
                              "--theme", "dark", "--width", "400")  # fmt: skip

        assert (code, err) == (0, "")
        assert "30 people" in out
        assert file.read_bytes().startswith(first)
    assert json.loads((tmp_path / "pyramid.json").read_text("utf-8"))["width"] == 400
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "pyramid.json", "pyramid.png", "pyramid.svg",
    ]  # fmt: skip


def test_the_command_prints_the_kinds_and_the_table_without_a_file(home: Home) -> None:
    kinds = _run(home, "draw", "trial")[1].split()
    code, out, _ = _run(home, "draw", "trial", "population_pyramid")
    as_json = json.loads(_run(home, "draw", "trial", "population_pyramid", "--json")[1])

    assert "journey" in kinds
    assert code == 0
    assert "Of 30 people" in out
    assert as_json["columns"] == ["age", "female", "male"]


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("x.pdf", "ends with .pdf"),
        ("picture", "ends with nothing"),
        ("no folder/x.svg", "there is no folder"),
        ("there.svg", "is there already"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    home: Home, tmp_path: Path, out: str, said: str
) -> None:
    (tmp_path / "there.svg").write_text("mine")

    code, _, err = _run(home, "draw", "trial", "journey", "--out", str(tmp_path / out))

    assert code == 2
    assert said in err.replace("\n", " ")
    assert (tmp_path / "there.svg").read_text() == "mine"


def test_an_older_picture_is_replaced_where_that_is_asked(home: Home, tmp_path: Path) -> None:
    (tmp_path / "there.svg").write_text("mine")

    code, *_ = _run(home, "draw", "trial", "population_pyramid", "--replace",
                    "--out", str(tmp_path / "there.svg"))  # fmt: skip

    assert code == 0
    assert "<svg" in (tmp_path / "there.svg").read_text("utf-8")


def test_a_server_never_loads_the_renderer_itself(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "vl_convert", raising=False)

    picture = drawing.draw(home, "trial", "population_pyramid")

    assert render.png(picture).startswith(b"\x89PNG")
    assert render.svg(picture).startswith("<svg")
    assert "vl_convert" not in sys.modules


def test_a_session_ends_its_process(home: Home) -> None:
    picture = drawing.draw(home, "trial", "population_pyramid")
    with render.session():
        first, second = render.svg(picture), render.svg(picture, "light")
        (process,) = render._SESSION.get() or []

    assert first == second
    assert process._process.poll() is not None
