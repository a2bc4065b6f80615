"""Holds a chapter of calls with a server in memory, in both eras, and judges each."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, PromptReference, ResourceTemplateReference

from fuzzing import judging, state
from fuzzing.dice import Dice
from fuzzing.making import Known, Maker
from fuzzing.pools import ODD_TEXTS
from healthsim.app import build_server
from healthsim.operations import generate
from healthsim.operations.home import Home

ERAS = ("auto", "legacy")
LONGEST_SILENCE = 4.0
"""Seconds: twice what is promised, for a machine that does other work."""
_OTHERS = 0.12  # of all requests, those that are no tool call
_TELL_PATHS = ("export_scenario",)


@dataclass
class Figures:
    """What came of the calls so far."""

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    longest_answer: int = 0
    longest_error: int = 0
    longest_silence: float = 0.0
    slowest: tuple[float, str] = (0.0, "")

    def add(self, other: Figures) -> None:
        """Take over the figures of another chapter."""
        self.faults += other.faults
        self.counts += other.counts
        self.longest_answer = max(self.longest_answer, other.longest_answer)
        self.longest_error = max(self.longest_error, other.longest_error)
        self.longest_silence = max(self.longest_silence, other.longest_silence)
        self.slowest = max(self.slowest, other.slowest)


def prepare(folder: Path) -> None:
    """Make a home with two scenarios, a run and two drafts, to begin each chapter with."""

    async def make() -> None:
        async with Client(build_server(folder)) as client:
            ids = []
            for request in ("12 Medicare patients with diabetes in Texas", "9 adults in Ohio"):
                begun = await client.call_tool("start_profile_builder", {"request": request})
                ids.append(begun.structured_content["spec_id"])
            walk = {"request": "", "spec_id": ids[0], "template": "diabetic-first-year"}
            await client.call_tool("start_journey_builder", walk)
            core = [{"op": "set", "path": "detail", "value": "core"}]
            await client.call_tool("refine_spec", {"spec_id": ids[0], "changes": core})
            for seed, name in ((1, "demo"), (2, "other"), (3, "")):
                run = {"spec_id": ids[0], "seed": seed, "save_as": name, "accept_open": True}
                done = await client.call_tool("execute_spec", run)
                assert not done.is_error, done.content

    anyio.run(make)


def chapter(prepared: Path, seed: int, number: int, calls: int) -> Figures:
    """Make the calls of one chapter in a copy of a prepared home, and return what came of them."""
    with tempfile.TemporaryDirectory() as folder, _logged() as log:
        home = Home(Path(folder) / "home")
        shutil.copytree(prepared, home.folder)
        talk = _Talk(home, Dice(seed, f"chapter {number}"), f"seed {seed}, chapter {number}", log)
        try:
            anyio.run(talk.hold, calls)
        finally:
            generate.stop_all()
        talk.figures.faults += [f"{talk.name}: {fault}" for fault in state.damage(home)]
        return talk.figures


class _Talk:
    def __init__(self, home: Home, dice: Dice, name: str, log: list[str]) -> None:
        self.figures, self.name = Figures(), name
        self._home, self._dice, self._log = home, dice, log
        self._place = ""

    async def hold(self, calls: int) -> None:
        server = build_server(self._home.folder)
        async with Client(server, mode="auto") as new, Client(
            build_server(self._home.folder), mode="legacy"
        ) as old:  # fmt: skip
            listed = (await new.list_tools()).tools
            self._reading = {
                tool.name for tool in listed if tool.annotations and tool.annotations.read_only_hint
            }
            schemas = {tool.name: tool.input_schema for tool in listed}
            maker = Maker(self._dice, schemas, Known(await self._names(new)))
            before = state.kept(self._home)
            for number in range(calls):
                client, era = self._dice.choice([(new, "new era"), (old, "old era")])
                self._place = f"{self.name}, call {number}, {era}"
                if self._dice.chance(_OTHERS):
                    await self._ask_other(client)
                    continue
                before = await self._call(client, *maker.call(), before)
                self._judge_log()

    async def _names(self, client: Client) -> Mapping[str, list[str]]:
        from healthsim.operations import runs, scenarios, specs

        made, drafts = [run.run_id for run in runs.list_runs(self._home)], specs.names(self._home)
        named = scenarios.names(self._home)
        rows = {}
        for kind in ("profile", "journey"):
            found = await client.call_tool("find_templates", {"kind": kind, "limit": 50})
            rows[kind] = [row[0] for row in found.structured_content["templates"]["rows"]]
        return {
            "scenario": named, "run": made, "draft": drafts, "stored": [*named * 3, *made],
            "anything": [*named, *made, *drafts],
            "new": [f"kept-{number}" for number in range(2, 12)],
            "template": [*rows["profile"], ""], "journey": [*rows["journey"], ""],
            "table": ["patients", "patients", "claims", "events", "conditions", "pateints"],
            "person": ["101", "201", "1", "MRN0000000101", "Smith", "0"],
            "topic": ["", "build-profile", "build-journey/steps", "schema: lab", "capabilities"],
        }  # fmt: skip

    async def _call(
        self, client: Client, tool: str, sent: dict[str, Any], before: state.Kept
    ) -> state.Kept:
        """Make one call, judge what comes back, and return what is kept now."""
        beats = [time.monotonic()]

        async def beat(*_: Any) -> None:
            beats.append(time.monotonic())

        try:
            result = await client.call_tool(tool, sent, progress_callback=beat)
        except Exception as error:
            self._fault(tool, sent, f"no answer but {type(error).__name__}: {str(error)[:200]}")
            return state.kept(self._home)
        beats.append(time.monotonic())
        for fault in judging.of_result(result, sent, tells_paths=tool in _TELL_PATHS):
            self._fault(tool, sent, fault)
        self._measure(tool, sent, beats, result)
        now = state.kept(self._home)
        if now != before and (result.is_error or tool in self._reading):
            changed = sorted({*now.items()} ^ {*before.items()})[:4]
            self._fault(tool, sent, f"what is kept changed: {changed}")
        return now

    def _measure(self, tool: str, sent: Any, beats: list[float], result: Any) -> None:
        figures, size = self.figures, judging.size_of(result)
        silence = max(later - sooner for sooner, later in pairwise(beats))
        if silence > LONGEST_SILENCE:
            self._fault(tool, sent, f"silent for {silence:.1f} s of {beats[-1] - beats[0]:.1f}")
        figures.counts["refused" if result.is_error else "answered"] += 1
        figures.longest_silence = max(figures.longest_silence, silence)
        figures.slowest = max(figures.slowest, (beats[-1] - beats[0], tool))
        if result.is_error:
            figures.longest_error = max(figures.longest_error, size)
        else:
            figures.longest_answer = max(figures.longest_answer, size)

    async def _ask_other(self, client: Client) -> None:
        """Ask for a prompt, a resource or a completion; an error is about what was sent."""
        what, ask, sent = await self._other(client)
        self.figures.counts[what] += 1
        try:
            answer = await ask()
        except MCPError as error:
            if error.error.code != INVALID_PARAMS:
                self._fault(what, sent, f"code {error.error.code}: {error.error.message[:200]}")
            for fault in judging.of_error(error.error.message, sent):
                self._fault(what, sent, fault)
        except UnicodeEncodeError:
            pass  # the client cannot send half of a character pair
        else:
            size = len(answer.model_dump_json(by_alias=True, exclude_none=True))
            is_whole = str(sent.get("uri", "")).startswith("healthsim://schema")
            if size > judging.LONGEST_ANSWER and not is_whole:
                self._fault(what, sent, f"an answer of {size:,} characters")
        self._judge_log()

    async def _other(self, client: Client) -> Any:
        dice = self._dice
        prompts = (await client.list_prompts()).prompts
        prompt = dice.choice(prompts)
        names = [one.name for one in prompt.arguments or ()]
        text = dice.choice([*ODD_TEXTS, "demo", "build-profile", "d"])
        name = dice.choice([prompt.name, prompt.name, prompt.name, text])
        given = {one: dice.choice([text, "demo"]) for one in names if dice.chance(0.9)}
        if dice.chance(0.2):
            given[dice.choice(["wishes", "", "x" * 3_000])] = "y"
        if (kind := dice.choice(["prompt", "resource", "completion"])) == "prompt":
            return kind, lambda: client.get_prompt(name, given), given | {"name": name}
        templates = (await client.list_resource_templates()).resource_templates
        uri = dice.choice([one.uri_template for one in templates])
        if kind == "resource":
            filled = uri.split("{")[0] + dice.choice([text, "demo", "demo/tables", "steps"])
            filled = dice.choice([filled, filled, text, "healthsim://schema/profile"])
            return kind, lambda: client.read_resource(filled), {"uri": filled}
        ref = dice.choice([
            PromptReference(type="ref/prompt", name=name),
            ResourceTemplateReference(type="ref/resource", uri=dice.choice([uri, text])),
        ])  # fmt: skip
        argument = {"name": dice.choice([*names, "name", "spec_id", text]), "value": text}
        return kind, lambda: client.complete(ref, argument), {"ref": str(ref), **argument}

    def _judge_log(self) -> None:
        if self._log:
            self._fault("log", {}, f"something was logged: {self._log[0][:400]}")
            self._log.clear()

    def _fault(self, what: str, sent: Any, fault: str) -> None:
        self.figures.faults.append(f"{self._place}: {what[:60]}({str(sent)[:400]}): {fault}")


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect what is logged as a warning or worse: a traceback belongs to no answer."""
    found: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    handler = Collecting(logging.WARNING)
    logging.getLogger().addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger().removeHandler(handler)
