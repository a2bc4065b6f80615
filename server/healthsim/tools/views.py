"""The view of a picture in chats that show pages of servers (MCP Apps); others see what they saw.

The page is a resource. What it draws goes with the answer of the tool as `_meta`, which is for the
page and never read by a model, and only to clients that say that they show such pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mcp.server.apps import APP_MIME_TYPE, Apps, client_supports_apps
from mcp.server.mcpserver.resources import FunctionResource
from mcp.types import CallToolResult

from healthsim.tools.icons import icons
from healthsim.tools.server import Ctx

if TYPE_CHECKING:
    from healthsim.operations.inlining import Inlined
    from healthsim.pictures.picture import Picture

PICTURE = "ui://healthsim/picture.html"
VIEWS = MappingProxyType({"draw": PICTURE})
"""The page that shows the answer of a tool."""
DRAWN = "healthsim/picture"
"""Where the drawings are in the `_meta` of an answer."""


def apps() -> Apps:
    """Return the extension with the page; it is made when a host asks for it."""
    extension = Apps()
    extension.add_resource(
        FunctionResource(
            uri=PICTURE,
            name="picture",
            title="A picture of a scenario",
            description="Shows what draw answers: the picture, its table, and the other pictures.",
            mime_type=APP_MIME_TYPE,
            icons=list(icons("picture")),
            meta={"ui": {"prefersBorder": True}},
            fn=_page,
        )
    )
    return extension


def _page() -> str:
    from healthsim.operations import inlining  # noqa: PLC0415  tools/list needs no page
    from healthsim.report.page import view  # noqa: PLC0415  as it

    return view(inlining.colours())


def with_view(
    ctx: Ctx, answer: CallToolResult, name: str, picture: Picture, kinds: Sequence[str]
) -> CallToolResult:
    """Return the answer of a drawing with what the page needs, where the client shows pages.

    Args:
        ctx: the request, which says what its client shows.
        answer: what every client gets.
        name: the scenario.
        picture: what was drawn.
        kinds: every kind of picture of the scenario, this one too.
    """
    if not client_supports_apps(ctx):
        return answer
    from healthsim.operations import inlining  # noqa: PLC0415  only this needs it
    from healthsim.pictures.render import NoRenderer  # noqa: PLC0415  as it

    try:
        drawn = inlining.inline(picture)
    except NoRenderer:
        return answer  # the page shows the table
    shown = {"name": name, "kind": picture.kind, "kinds": list(kinds), **_shapes(drawn)}
    return answer.model_copy(update={"meta": {**(answer.meta or {}), DRAWN: shown}})


def _shapes(drawn: Inlined) -> dict[str, Any]:
    from healthsim.operations import inlining  # noqa: PLC0415  only this needs it
    from healthsim.report.inline_svg import inlined  # noqa: PLC0415  as it

    uses = {light: use for use, (light, _) in inlining.colours().items()}
    wide, narrow = (str(inlined(svg, place, uses)) for svg, place in
                    ((drawn.wide, "wide"), (drawn.narrow, "narrow")))  # fmt: skip
    return {"below": drawn.below, "wide": wide, "narrow": narrow}
