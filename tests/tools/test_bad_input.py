"""Bad input over MCP: the error names the place, what was found and the mend; nothing changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.operations.home import Home
from kept import PEOPLE, keep, run_id
from specification.faults import OF_LANGUAGE
from stand_ins import query_here
from talking import Open, text_of

pytestmark = pytest.mark.anyio

BELL = {"type": "normal", "mean": 70, "sd": 5}
WRONG_PROFILES = [
    # change, pieces of the error
    (("demographics.agee", 5), ("demographics", "'agee'", "did you mean 'age'")),
    (("demographics.gender", {"M": 0.48, "F": 0.48}), ("gender", "0.96", "0.04")),
    (("demographics.age", BELL | {"sd": 0}), ("age", "sd", "above 0")),
    (("demographics.age", BELL | {"sd": -2}), ("age", "sd", "above 0")),
    (("demographics.age", BELL | {"low": 90, "high": 60}), ("age", "low", "above high")),
    (("demographics.age", {"type": "norml", "mean": 1}), ("age", "'norml'", "'normal'")),
    (
        ("attributes.risk", {"type": "conditional", "cases": [{"when": "agee > 70", "then": 1}],
                             "otherwise": 0}),
        ("attributes", "agee", "age"),
    ),
    (
        ("attributes", {"one": {"type": "formula", "value": "two + 1"},
                        "two": {"type": "formula", "value": "one + 1"}}),
        ("attributes", "one", "two"),
    ),
    (("count", 0), ("count", "0", "1")),
    (("count", 10**9), ("count", "1000000000", "10000000")),
    (("seed", -1), ("seed", "-1", "0")),
    (("coverage.plan", {"MA-HMOO": 1}), ("coverage", "MA-HMOO", "MA-HMO")),
    (("clinical.primary.code", "E11.99999"), ("primary", "E11.99999")),
    (("nonsense.x", 1), ("nonsense", "no part of a spec")),
]  # fmt: skip

NO_WAY_OUT = {
    "do": "branch", "id": "split", "at": 10,
    "options": [{"name": "only", "when": "age > 70", "steps": []}],
}  # fmt: skip
LATE = {
    "do": "event", "id": "late", "type": "encounter", "at": 4000,
    "details": {"encounter_class": "office"},
}  # fmt: skip
WRONG_JOURNEYS = [
    (NO_WAY_OUT, ("no option applies", "otherwise")),
    (LATE, ("late", "4000", "duration_days")),
    (LATE | {"at": 5, "type": "encounterr"}, ("step", "encounter")),
    (LATE | {"at": 5, "when": "happend('x')"}, ("happend",)),
    (LATE | {"at": {"age": 70}}, ("age", "is 70", "days, months, years")),
    (LATE | {"at": 5, "hazard": 0.2}, ("hazard", "is 0.2", "share, within_days, per_year")),
    (LATE | {"at": 5, "hazard": {"per_year": -0.2}}, ("per_year", "-0.2", "below 0")),
    ({"do": "include", "id": "x", "part": "anual-wellness"}, ("did you mean 'annual-wellness'",)),
]

YEAR = "diabetic-first-year"
APPEND = {"op": "append", "path": "journey.phases[0].steps"}

BAD_SQL = [
    ("SELECT repeat('a', 3000000000)", ""),
    ("SELECT * FROM read_csv('/etc/passwd')", ""),
    ("DELETE FROM patients", "SELECT"),
    ("CREATE TABLE x AS SELECT 1", "SELECT"),
    ("SELECT * FROM '/etc/passwd'", ""),
    ("ATTACH 'x.db'", "SELECT"),
    ("SET memory_limit = '10GB'", "SELECT"),
    ("SELECT 1; SELECT 2", "one"),
    ("SELECT agee FROM patients", ""),
    ("SELECT * FROM pateints", "patients"),
]
OWN_PROCESS = 2
"""So many of these are asked in a process of its own, as users ask; the others in this one."""


@pytest.fixture
def queries() -> None:
    """Have none: a query that eats memory does so in its own process."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Let the tests of this file run in one event loop, so that they can share a server."""
    return "asyncio"


class Drafts:
    """A server that many tests ask, with drafts that all of them leave as they are."""

    def __init__(self, home: Home, client: Client) -> None:
        self.home, self.client = home, client
        self.profile = self.walked = self.journey = ""
        """The handles of a profile, of one with a journey, and of a journey alone."""

    async def begin(self) -> None:
        """Begin the drafts."""
        self.profile = await _profile(self.client)
        self.walked = await _profile(self.client)
        asked = {"request": "", "template": YEAR}
        for more in ({"spec_id": self.walked}, {}):
            begun = await self.client.call_tool("start_journey_builder", asked | more)
            assert not begun.is_error, text_of(begun)
            self.journey = begun.structured_content["spec_id"]

    async def refuse(self, spec_id: str, *changes: dict[str, Any]) -> str:
        """Ask for changes that must be refused, and return the refusal; no draft may change."""
        before = self._stored()
        asked = {"spec_id": spec_id, "changes": list(changes)}
        text = await _refused(self.client, "refine_spec", asked)
        assert before
        assert self._stored() == before
        return text

    def _stored(self) -> dict[Path, bytes]:
        files = (path for path in self.home.specs.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
async def drafts(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Drafts]:
    home = Home(tmp_path_factory.mktemp("shared"))
    async with Client(build_server(home.folder)) as client:
        found = Drafts(home, client)
        await found.begin()
        yield found


@pytest.fixture
def shared(drafts: Drafts) -> Open:
    """Open a client of a server that others ask too: for what is refused and changes nothing."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Client]:
        yield drafts.client

    return opened


async def _profile(client: Client) -> str:
    result = await client.call_tool(
        "start_profile_builder", {"request": "20 Medicare patients with diabetes in Texas"}
    )
    assert not result.is_error, text_of(result)
    return str(result.structured_content["spec_id"])


async def _refused(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, f"{tool} took it"
    return text_of(result)


@pytest.mark.parametrize(("change", "pieces"), WRONG_PROFILES)
async def test_a_wrong_profile_is_refused_and_the_draft_stays(
    drafts: Drafts, change: tuple[str, Any], pieces: tuple[str, ...]
) -> None:
    path, value = change
    text = await drafts.refuse(drafts.profile, {"op": "set", "path": path, "value": value})

    assert [piece for piece in pieces if piece not in text] == [], text


@pytest.mark.slow
@pytest.mark.parametrize(("step", "pieces"), WRONG_JOURNEYS)
async def test_a_wrong_step_is_refused_and_the_draft_stays(
    drafts: Drafts, step: dict[str, Any], pieces: tuple[str, ...]
) -> None:
    text = await drafts.refuse(drafts.walked, APPEND | {"value": step})

    assert [piece for piece in pieces if piece not in text] == [], text


@pytest.mark.parametrize(
    ("step", "found", "mend"),
    [
        pytest.param(step, *words, id=name, marks=[pytest.mark.proof] * (number % 7 != 0))
        for number, (name, step, _, *words) in enumerate(
            case for case in OF_LANGUAGE if "the journey itself" not in case[0]
        )
    ],
)
async def test_a_fault_of_the_journey_language_is_refused_and_the_draft_stays(
    drafts: Drafts, step: dict[str, Any], found: str, mend: str
) -> None:
    """Every fault is found each time by specification/test_check.py; here go some of them."""
    changes = [APPEND | {"value": one} for one in (step if isinstance(step, list) else [step])]
    text = await drafts.refuse(drafts.journey, *changes)

    assert found in text
    assert mend in text
    assert "phases[0].steps[" in text or "step '" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "value", "pieces"),
    [
        ("journey.parts", {"loop": {"steps": [{"do": "include", "id": "x", "part": "loop"}]}},
         ("includes itself", "loop → loop")),
        ("journey.trial", {"id": "SYN-1", "arms": {"drug": 2, "placebo": 1}, "block": 4},
         ("block 4", "use 3")),
        ("journey.expectations", ["count(claim) > 0"], ("unknown table", "'claims'")),
        ("journey.eligible", "age > 80 and age < 70", ("eligible", "nobody in the profile")),
    ],
)  # fmt: skip
async def test_a_fault_of_a_whole_journey_is_refused_and_the_draft_stays(
    drafts: Drafts, path: str, value: Any, pieces: tuple[str, str]
) -> None:
    changes = [{"op": "set", "path": path, "value": value}]
    if path == "journey.parts":
        changes.append(APPEND | {"value": {"do": "include", "id": "y", "part": "loop"}})
    text = await drafts.refuse(drafts.walked, *changes)

    assert all(piece in text for piece in pieces), text


@pytest.mark.parametrize("count", [0, -1, 10**9])
async def test_an_impossible_count_starts_nothing(drafts: Drafts, count: int) -> None:
    client, asked = drafts.client, {"request": "Medicare patients", "count": count}
    text = await _refused(client, "start_profile_builder", asked)
    run = await _refused(client, "execute_spec", {"spec_id": drafts.profile, "count": count})

    assert "count" in text
    assert "count" in run


async def test_unknown_names_are_answered_with_near_ones(open_client: Open) -> None:
    async with open_client() as client:
        spec_id = await _profile(client)
        template = await _refused(
            client, "start_profile_builder", {"request": "", "template": "medicare-diabetc"}
        )
        draft = await _refused(client, "get_spec", {"spec_id": spec_id[:-1]})

    assert "did you mean 'medicare-diabetic'" in template
    assert f"did you mean '{spec_id}'" in draft


async def test_all_changes_are_made_or_none(drafts: Drafts) -> None:
    text = await drafts.refuse(
        drafts.profile,
        {"op": "set", "path": "count", "value": 50},
        {"op": "set", "path": "demographics.gender", "value": {"M": 0.9}},
    )

    assert "gender" in text


async def test_a_change_to_an_older_revision_is_refused(shared: Open) -> None:
    async with shared() as client:
        spec_id = await _profile(client)
        change = {"op": "set", "path": "count", "value": 50}
        await client.call_tool(
            "refine_spec", {"spec_id": spec_id, "changes": [change], "revision": 1}
        )
        text = await _refused(
            client, "refine_spec", {"spec_id": spec_id, "changes": [change], "revision": 1}
        )

    assert "2 is" in text


@pytest.fixture
def small(tmp_path: Path) -> str:
    """Save a small scenario, and return its run."""
    keep(tmp_path / "home", "small")
    return run_id()


@pytest.mark.slow
async def test_names_that_leave_the_home_are_refused(open_client: Open, small: str) -> None:
    async with open_client() as client:
        for name in ("../evil", "a/b", "", "UPPER", "-x", "a" * 65):
            text = await _refused(client, "save_scenario", {"run_id": small, "name": name})
            assert "small letters" in text


@pytest.mark.slow
async def test_saving_over_a_scenario_needs_the_word(
    open_client: Open, small: str, tmp_path: Path
) -> None:
    async with open_client() as client:
        before = (tmp_path / "home" / "scenarios" / "small.duckdb").read_bytes()
        text = await _refused(client, "save_scenario", {"run_id": small, "name": "small"})

        assert "replace=true" in text
        assert (tmp_path / "home" / "scenarios" / "small.duckdb").read_bytes() == before
        again = await client.call_tool(
            "save_scenario", {"run_id": small, "name": "small", "replace": True}
        )
        assert not again.is_error


@pytest.mark.slow
async def test_queries_that_do_more_than_ask_are_refused(
    open_client: Open, small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_client() as client:
        before = (tmp_path / "home" / "scenarios" / "small.duckdb").read_bytes()
        for number, (sql, piece) in enumerate(BAD_SQL):
            if number == OWN_PROCESS:
                query_here(monkeypatch)
            text = await _refused(client, "query_scenario", {"name": "small", "sql": sql})
            assert piece in text, sql
            assert str(tmp_path) not in text, sql
        assert (tmp_path / "home" / "scenarios" / "small.duckdb").read_bytes() == before
        whole = await client.call_tool(
            "query_scenario", {"name": "small", "sql": "SELECT count(*) AS n FROM patients"}
        )
    assert whole.structured_content["rows"] == [[PEOPLE]]


@pytest.mark.slow
async def test_a_file_that_is_no_scenario_is_explained(
    open_client: Open, small: str, tmp_path: Path
) -> None:
    async with open_client() as client:
        folder = tmp_path / "home" / "scenarios"
        whole = (folder / "small.duckdb").read_bytes()
        (folder / "text.duckdb").write_text("not a database")
        (folder / "cut.duckdb").write_bytes(whole[: len(whole) // 2])
        asked = "SELECT sum(plan_paid_usd), max(quantity) FROM claims, fills"
        for name in ("text", "cut"):
            for tool, more in (("describe_scenario", {}), ("query_scenario", {"sql": asked})):
                text = await _refused(client, tool, {"name": name, **more})
                assert str(tmp_path) not in text
                assert ";" in text
        listed = await client.call_tool("list_scenarios", {})

    assert not listed.is_error


async def test_a_home_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    async with Client(build_server(blocked / "home")) as client:
        text = await _refused(
            client, "start_profile_builder", {"request": "20 Medicare patients with diabetes"}
        )

    assert "home folder" in text
    assert "HEALTHSIM_HOME" in text


LONE = "\ud800"


@pytest.mark.parametrize(
    ("tool", "arguments", "piece"),
    [
        ("check_run", {"run_id": "run-" + "a" * 300}, "run_id"),
        ("cancel_run", {"run_id": "run-" + "a" * 300}, "run_id"),
        ("save_scenario", {"run_id": "run-" + "a" * 300, "name": "x"}, "run_id"),
        ("get_guide", {"topic": "schema: profile#²"}, "no part"),
        ("get_guide", {"topic": "patterns"}, "build-journey"),
        ("find_templates", {"query": f"a{LONE}b"}, "query"),
        ("start_profile_builder", {"request": f"200 Medicare{LONE} patients"}, "surrogate"),
        ("list_scenarios", {"query": LONE}, "surrogate"),
    ],
)
async def test_odd_text_is_refused_with_its_place(
    shared: Open, tool: str, arguments: dict[str, Any], piece: str
) -> None:
    async with shared() as client:
        text = await _refused(client, tool, arguments)

    assert piece in text
    assert "failed inside" not in text


@pytest.mark.parametrize(
    ("change", "piece"),
    [
        ({"op": "set", "path": "journeys[²].title", "value": "x"}, "no such journey"),
        ({"op": "set", "path": f"journeys[{'9' * 5000}].title", "value": "x"}, "characters long"),
        ({"op": "set", "path": f"journeys[{'9' * 500}].title", "value": "x"}, "no such journey"),
        ({"op": "remove", "path": "profile"}, "as a whole"),
        ({"op": "set", "path": "profile", "value": 5}, "as a whole"),
        ({"op": "set", "path": f"attributes.{LONE}", "value": 1}, "changes.0.path"),
        ({"op": "set", "path": "not_understood", "value": 1}, "op remove"),
    ],
)
async def test_odd_paths_are_refused_and_the_draft_stays(
    drafts: Drafts, change: dict[str, Any], piece: str
) -> None:
    text = await drafts.refuse(drafts.walked, change)

    assert piece in text
    assert "failed inside" not in text


async def test_the_last_journey_of_a_draft_without_people_stays(open_client: Open) -> None:
    async with open_client() as client:
        begun = await client.call_tool("start_journey_builder", {"request": "knee surgery"})
        change = {"op": "remove", "path": "journeys[0]"}
        text = await _refused(
            client, "refine_spec",
            {"spec_id": begun.structured_content["spec_id"], "changes": [change]},
        )  # fmt: skip

    assert "empty draft" in text


@pytest.mark.slow
async def test_a_repeated_run_that_was_saved_is_answered_as_saved(open_client: Open) -> None:
    async with open_client() as client:
        spec_id = await _profile(client)
        few = [{"op": "set", "path": "detail", "value": "core"},
               {"op": "set", "path": "count", "value": 3}]  # fmt: skip
        await client.call_tool("refine_spec", {"spec_id": spec_id, "changes": few})
        call = {"spec_id": spec_id, "save_as": "twice"}
        first = await client.call_tool("execute_spec", call)
        again = await client.call_tool("execute_spec", call)
        other = await _refused(client, "execute_spec", call | {"seed": 5})

    assert not again.is_error, text_of(again)
    assert again.structured_content["saved_as"] == "twice"
    assert again.structured_content["digest"] == first.structured_content["digest"]
    assert "replace=true" in other


async def test_one_man_is_made_at_once(open_client: Open) -> None:
    async with open_client() as client:
        made = await client.call_tool(
            "quick_generate", {"traits": "a 45 year old man with asthma in Reno, commercial"}
        )

    assert not made.is_error, text_of(made)


async def test_a_damaged_scenario_can_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    broken = tmp_path / "scenarios" / "cut-short.duckdb"
    broken.write_bytes(b"no database")
    async with Client(build_server(tmp_path)) as client:
        asked = await client.call_tool("delete_scenario", {"name": "cut-short"})
        done = await client.call_tool("delete_scenario", {"name": "cut-short", "confirm": True})

    assert asked.is_error
    assert "damaged" in str(asked.content)
    assert not done.is_error
    assert not broken.exists()


@pytest.mark.parametrize(
    ("changes", "more", "pieces"),
    [
        ([{"op": "answer", "path": "seed", "value": 1}], {}, ("changes[0].op", "use 'set'")),
        ([{"op": "add", "path": "products", "value": "x"}], {}, ("'add'", "use 'append'")),
        ([{"op": "delete", "path": "seed"}], {}, ("'delete'", "use 'remove'")),
        (
            [{"op": "set", "path": "seed", "value": 1}],
            {"for": "50"},
            ("for", "it belongs at changes[0].for"),
        ),
    ],
)
async def test_a_change_in_the_words_of_other_tools_is_refused_with_those_of_this_one(
    open_client: Open, changes: list[dict[str, Any]], more: dict[str, str], pieces: tuple[str, ...]
) -> None:
    async with open_client() as client:
        arguments = {"spec_id": "any", "changes": changes, **more}
        text = await _refused(client, "refine_spec", arguments)

    assert all(piece in text for piece in pieces), text


@pytest.mark.slow
async def test_a_preview_says_what_will_stop_the_run_and_how_to_go_on(open_client: Open) -> None:
    async with open_client() as client:
        asked = {"request": "20 people with gout in Texas who keep bees"}
        started = (await client.call_tool("start_profile_builder", asked)).structured_content or {}
        spec = {"spec_id": started["spec_id"]}
        await client.call_tool("start_journey_builder", spec | {"request": "they play chess"})
        told = (await client.call_tool("preview_spec", spec)).structured_content or {}

    for piece in ("keep bees", "play chess", "journeys[0].phases[0].steps is empty", "accept_open"):
        assert piece in told["next"]


@pytest.mark.parametrize("query", ["zorblax disease", "acute frimpling"])
async def test_codes_without_the_telling_word_are_only_similar_and_are_not_to_be_written(
    open_client: Open, query: str
) -> None:
    async with open_client() as client:
        told = (await client.call_tool("look_up", {"query": query})).structured_content or {}
        found = (await client.call_tool("look_up", {"query": "gout"})).structured_content or {}

    strange = "zorblax" if "zorblax" in query else "frimpling"
    assert told["note"].startswith(f"nothing fits '{strange}': these rows are only similar")
    assert "Write" not in told["next"]
    assert strange in told["next"]
    assert found["next"] == "Write `code` into the draft with refine_spec."
