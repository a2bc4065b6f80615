"""A picture in a chat: the page in the reference host, with the real server behind it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.extension import advertise

from browser.visiting import TOOLS, Visit, shot, sideways, violations
from healthsim.app import build_server
from healthsim.operations.home import Home
from healthsim.report.inline_svg import inlined
from healthsim.tools.views import DRAWN, PICTURE
from report.hostile import CANARIES, SVG

_SHOWS_APPS = advertise("io.modelcontextprotocol/ui", {"mimeTypes": ["text/html;profile=mcp-app"]})
_CAN = {"serverTools": {}, "updateModelContext": {"text": {}}}


class Host:
    """A chat that shows apps, whose server is the real one.

    Attributes:
        calls: tools that the page asked for.
    """

    def __init__(self, home: Home) -> None:
        self.home, self.calls = home, list[tuple[str, dict[str, Any]]]()

    def call(self, name: str, arguments: dict[str, Any], apps: bool = True) -> dict[str, Any]:
        """Call a tool, as a client that shows apps or as one that does not."""
        result = self._ask(lambda client: client.call_tool(name, arguments), apps)
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)

    def page(self) -> str:
        """Return the page as the server gives it."""
        return self._ask(lambda client: client.read_resource(PICTURE)).contents[0].text

    def _ask(self, question: Any, apps: bool = True) -> Any:
        async def asked() -> Any:
            extensions = [_SHOWS_APPS] if apps else None
            async with Client(build_server(self.home.folder), extensions=extensions) as client:
                return await question(client)

        with ThreadPoolExecutor(1) as pool:  # this thread has the browser's event loop
            return pool.submit(partial(anyio.run, asked)).result()

    def show(
        self, visit: Visit, result: dict[str, Any], can: dict[str, Any] | None = None,
        theme: str = "light", width: int = 800, **context: Any,
    ) -> Any:  # fmt: skip
        """Show a result in the page; return the chat and the page's frame."""
        file = TOOLS.parent / "host.html"
        file.write_text(Path(__file__).with_name("host.html").read_text("utf-8"), "utf-8")
        chat = visit.open(file, theme, width)
        chat.expose_function("callServer", self._called)
        chat.evaluate(
            "(given) => openApp(...given)",
            [self.page(), {"theme": theme, **context}, {"name": "diabetes"}, result,
             _CAN if can is None else can],
        )  # fmt: skip
        frame = next(one for one in chat.frames if one != chat.main_frame)
        frame.wait_for_selector("main:not([aria-busy='true'])")
        return chat, frame

    def _called(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((name, arguments))
        return self.call(name, arguments)


@pytest.fixture
def host(home: Home) -> Host:
    return Host(home)


@pytest.fixture(scope="module")
def drawn(home: Home) -> dict[str, Any]:
    """Return what the server answers to a client that shows apps."""
    return Host(home).call("draw", {"name": "diabetes", "kind": "population_pyramid"})


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 360])
def test_a_picture_is_shown_with_its_table_and_axe_finds_nothing_wrong(
    visit: Visit, host: Host, drawn: dict[str, Any], theme: str, width: int
) -> None:
    chat, frame = host.show(visit, drawn, theme=theme, width=width)
    shot(chat, f"app-{theme}-{width}")
    shown = "narrow" if width == 360 else "wide"

    assert frame.locator(f".{shown} svg").is_visible()
    assert frame.locator("h1").inner_text() == drawn["structuredContent"]["title"]
    said = drawn["structuredContent"]["says"]
    assert frame.get_by_role("img", name=said, exact=True).count() == 1
    frame.locator("summary").click()
    rows = drawn["structuredContent"]["table"]["rows"]
    assert frame.locator("tbody tr").count() == len(rows)
    assert sideways(frame) == 0
    assert violations(frame) == []


def test_the_page_follows_the_colours_and_letters_of_the_chat(
    visit: Visit, host: Host, drawn: dict[str, Any]
) -> None:
    given = {"--color-background-primary": "rgb(1, 2, 3)", "--font-sans": "monospace",
             "--color-text-primary": "red; background: url(https://x.example)"}  # fmt: skip
    chat, frame = host.show(visit, drawn, theme="dark", styles={"variables": given})

    assert _style(frame, "backgroundColor") == "rgb(1, 2, 3)"
    assert _style(frame, "fontFamily") == "monospace"
    assert _style(frame, "color") == "rgb(242, 242, 242)"
    chat.evaluate("bridge.setHostContext({theme: 'light'})")
    frame.wait_for_function("getComputedStyle(document.body).color === 'rgb(26, 26, 26)'")


def _style(frame: Any, name: str) -> str:
    return str(frame.evaluate(f"getComputedStyle(document.body).{name}"))


def test_the_page_says_how_high_it_is_so_that_nothing_is_cut(
    visit: Visit, host: Host, drawn: dict[str, Any]
) -> None:
    chat, frame = host.show(visit, drawn)
    frame.locator("summary").click()
    height = frame.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
    chat.wait_for_function(f"seen.sizes.at(-1)?.height === {height}")

    assert frame.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0


def test_another_picture_is_asked_of_the_server_by_the_keyboard_and_the_model_is_told(
    visit: Visit, host: Host, drawn: dict[str, Any]
) -> None:
    chat, frame = host.show(visit, drawn)
    button = frame.get_by_role("button", name="cost by month")
    button.press("Enter")
    frame.wait_for_selector("button[aria-pressed='true']:text-is('cost by month')")

    assert host.calls == [("draw", {"name": "diabetes", "kind": "cost_by_month"})]
    assert frame.locator("h1").inner_text() != drawn["structuredContent"]["title"]
    assert frame.evaluate("document.activeElement.textContent") == "cost by month"
    assert frame.locator("[role=status]").inner_text().startswith("Shown: ")
    told = json.dumps(chat.evaluate("seen.context"))
    assert "cost_by_month of diabetes" in told
    shot(chat, "app-other")


def test_a_chat_that_passes_no_calls_on_has_no_buttons(
    visit: Visit, host: Host, drawn: dict[str, Any]
) -> None:
    _, frame = host.show(visit, drawn, can={})

    assert frame.locator("button:visible").count() == 0
    assert frame.locator(".wide svg").is_visible()


def test_an_answer_for_chats_without_apps_is_shown_as_its_image(visit: Visit, host: Host) -> None:
    answer = host.call("draw", {"name": "diabetes", "kind": "population_pyramid"}, apps=False)
    assert DRAWN not in answer.get("_meta", {})
    _, frame = host.show(visit, answer)

    image = frame.locator("#plot img")
    assert image.evaluate("one => one.naturalWidth") > 300
    assert image.get_attribute("alt") == answer["structuredContent"]["says"]


def test_a_refused_call_is_shown_as_what_is_wrong(visit: Visit, host: Host) -> None:
    answer = host.call("draw", {"name": "diabetis"})
    _, frame = host.show(visit, answer)

    assert "diabetes" in frame.get_by_role("alert").inner_text()
    assert not frame.locator("#figure").is_visible()


@pytest.mark.parametrize("raw", [True, False], ids=["from a spoiled server", "from this one"])
def test_nothing_of_a_hostile_answer_runs(visit: Visit, host: Host, raw: bool) -> None:
    bad = "".join(
        f"<g onload=window.canary=1>{canary}</g>" for canary in CANARIES if "\x00" not in canary
    ) + (
        "<script>window.canary=1</script><image href=x onerror=window.canary=1 />"
        "<a href='javascript:window.canary=1'><text>a</text></a><foreignObject><iframe srcdoc="
        "'<script>parent.canary=1</script>'></iframe></foreignObject><set attributeName=onload />"
        "<text style='fill:url(https://x.example/a)'>b</text><style>*{display:none}</style>"
    )
    svg = f"<svg onload='window.canary=1' viewBox='0 0 9 9'>{bad}</svg>" if raw else str(
        inlined(SVG, "p", {}))  # fmt: skip
    text = " ".join(CANARIES)
    answer = {
        "content": [{"type": "text", "text": text}],
        "structuredContent": {
            "title": text, "says": text,
            "table": {"columns": list(CANARIES), "rows": [list(CANARIES)]},
        },
        "_meta": {DRAWN: {"name": text, "kind": CANARIES[0], "kinds": list(CANARIES),
                          "below": text, "wide": svg, "narrow": svg}},
    }  # fmt: skip
    _, frame = host.show(visit, answer)
    frame.locator("summary").click()
    frame.locator("h1").hover()

    assert frame.evaluate("window.canary") is None
    assert frame.locator("h1").is_visible()
    assert frame.evaluate(
        "document.querySelectorAll('#plot script, #plot a, #plot image, #plot iframe, #plot style, "
        "#plot foreignObject, #plot [onload], #plot [style]').length"
    ) == 0  # fmt: skip
    assert frame.locator("tbody td").first.inner_text() == CANARIES[1]
    if raw:  # the policy of the page stopped it before the page itself left it out
        assert all("Content Security Policy" in one for one in visit.complaints)
        visit.complaints.clear()


def test_the_page_ends_when_the_chat_asks_it_to(
    visit: Visit, host: Host, drawn: dict[str, Any]
) -> None:
    chat, _ = host.show(visit, drawn)

    assert chat.evaluate("bridge.teardownResource({})") is not None
