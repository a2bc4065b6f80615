"""The command that draws one picture of a scenario: as a file, or as the table behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from healthsim.cli_screen import Json, attended, home, print_json, print_rows, say
from healthsim.errors import Refused, StorageError, near

if TYPE_CHECKING:
    from healthsim.pictures.picture import Picture

_ENDINGS = (".svg", ".png", ".json")
_WIDTH = 760


def draw(
    name: Annotated[str, typer.Argument(help="A scenario, or a run_id.")],
    kind: Annotated[str, typer.Argument(help="Kind of picture; without it, those there are.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="File to write: .svg, .png, or .json for Vega-Lite.")
    ] = None,
    what: Annotated[str, typer.Option(help="A test, condition, step, outcome or person.")] = "",
    by: Annotated[
        str,
        typer.Option(
            help="arm, sex, age, plan, race, ethnicity, state, line, month, mean, branch."
        ),
    ] = "",
    theme: Annotated[Literal["light", "dark"], typer.Option(help="light or dark.")] = "light",
    width: Annotated[int, typer.Option(help="Pixels.")] = _WIDTH,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Draw a picture of a scenario, with the table behind it."""
    from healthsim.operations import drawing  # noqa: PLC0415  `--help` needs no operation

    if not kind:
        print_rows(["kind"], [[one] for one in drawing.pictures_for(home(), name)], as_json)
        return
    if out is not None:
        _refuse_place(out, replace)
    picture = attended(lambda: drawing.draw(home(), name, kind, what=what, by=by), f"draw {kind}")
    if out is not None:
        _write(picture, out, theme, width)
    if as_json:
        print_json({"kind": kind, "title": picture.title, "says": picture.says,
                    "columns": list(picture.columns), "rows": [list(row) for row in picture.rows],
                    "file": str(out) if out else None})  # fmt: skip
    elif out is not None:
        say(f"{out}: {picture.title}")
    else:
        say(picture.says)
        print_rows(picture.columns, picture.rows, as_json=False)


def _refuse_place(out: Path, replace: bool) -> None:
    """Refuse a file that cannot be written, before the work is done."""
    if out.suffix.lower() not in _ENDINGS:
        raise Refused("--out", f"{out.name} ends with {out.suffix or 'nothing'}",
                      near(out.suffix, _ENDINGS))  # fmt: skip
    if not out.parent.is_dir():
        raise Refused("--out", f"there is no folder {out.parent}", "make it, or choose another")
    if (out.exists() or out.is_symlink()) and not replace:
        raise Refused("--out", f"{out.name} is there already",
                      "choose another name, or add --replace")  # fmt: skip


def _write(picture: Picture, out: Path, theme: Literal["light", "dark"], width: int) -> None:
    from healthsim.persistence.files import publish_over, temporary  # noqa: PLC0415  as above
    from healthsim.pictures import render  # noqa: PLC0415  as above

    if out.suffix.lower() == ".png":
        content = render.png(picture, theme, width)
    elif out.suffix.lower() == ".svg":
        content = render.svg(picture, theme, width).encode()
    else:
        spec = render.sized(picture, theme, width)
        content = (json.dumps(spec, ensure_ascii=False, indent=1) + "\n").encode()
    unfinished = temporary(out)
    try:
        unfinished.write_bytes(content)
        publish_over(unfinished, out)
    except OSError as error:
        raise StorageError("--out", f"{out.name} cannot be written ({error.strerror})",
                           "choose another place") from error  # fmt: skip
    finally:
        unfinished.unlink(missing_ok=True)
