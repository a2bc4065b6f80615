"""Skills say what is so: every example in them is valid and runs, every tool in them exists."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from healthsim import library
from healthsim.app import TOOLS
from healthsim.building import refining, templates
from healthsim.building.draft import Draft, problems
from healthsim.codes.icd10cm import icd10cm
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations import generate, query, scenarios
from healthsim.operations.home import Home
from healthsim.specification.distributions.kinds import parse_distribution
from healthsim.specification.language.expressions import parse
from healthsim.tools.guide import LONGEST, topics
from healthsim.tools.skills import skills
from processes import PATIENCE

SHELF = Path(str(library.library_folder("skills")))
PAGES = sorted(SHELF.rglob("*.md"))
NAMES = {tool.__name__: inspect.signature(tool) for tool, _ in TOOLS}


@dataclass(frozen=True)
class Block:
    """One fenced example: its kind (``json step``, ``sql``) and its text."""

    page: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def _blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        name = page.relative_to(SHELF).as_posix()
        for found in re.finditer(r"^```([a-z ]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text[: found.start()].count("\n") + 1
            yield Block(name, line, found[1].strip(), found[2])


BLOCKS = list(_blocks())


def _of(*kinds: str) -> Any:
    return pytest.mark.parametrize("block", [one for one in BLOCKS if one.kind in kinds], ids=str)


def _cells(heading: str) -> Iterator[list[str]]:
    """Yield the cells of every row of tables whose head begins with `heading`."""
    for page in PAGES:
        inside = False
        for line in page.read_text(encoding="utf-8").splitlines():
            inside = line.startswith("|") and (inside or line.startswith(heading))
            if inside and not line.startswith((heading, "|---")):
                yield [cell.strip() for cell in line.strip("|").split("|")]


def _draft() -> Draft:
    return Draft(
        profile=templates.load("medicare-diabetic").fresh(),
        journeys=(templates.load("diabetic-first-year").fresh(),),
    )


def _run(profile: dict[str, Any], journeys: list[dict[str, Any]], count: int) -> dict[str, int]:
    """Count the rows of a run, by table; tables that only a full chart has are left out."""
    rows: dict[str, int] = {}
    profile = {"detail": "core"} | profile
    if any("trial" in journey for journey in journeys):
        profile = profile | {"products": [*profile["products"], "trialsim"]}
    for chunk in chunks(prepare(profile | {"count": count}, journeys)):
        for name, columns in chunk.tables.items():
            rows[name] = rows.get(name, 0) + len(next(iter(columns.values())))
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with one scenario, `dm`: the reference pair, 150 people, no full chart."""
    made = Home(tmp_path_factory.mktemp("home"))
    draft = _draft()
    profile = dict(draft.profile or {}) | {"count": 150, "detail": "core"}
    record = generate.join(made, generate.start(made, profile, draft.journeys).run_id, PATIENCE)
    assert record.status == "done", record.error
    scenarios.save_run(made, record.run_id, "dm")
    return made


@pytest.mark.parametrize("skill", skills(), ids=lambda skill: skill.name)
def test_a_skill_follows_the_format(skill: Any) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", skill.name)
    assert (SHELF / skill.name / "SKILL.md").is_file()
    assert 40 <= len(skill.description) <= 1024
    assert set(skill.front) == {"name", "description"}
    assert len(skill.body.splitlines()) < 500
    assert [name for name, data in skill.files.items() if len(data) > LONGEST] == []


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    kinds = {
        "json",
        "json profile",
        "json journey",
        "json step",
        "json changes",
        "json call",
        "sql",
    }

    assert [str(block) for block in BLOCKS if block.kind not in kinds] == []


@pytest.mark.slow
@_of("json", "json profile")
def test_a_whole_document_runs(block: Block) -> None:
    document = json.loads(block.text)
    if document["kind"] == "profile":
        counts = _run(document, [], document["count"])
        made = counts["patients" if "products" in document else "members"]
        families = document.get("unit") == "family"
        assert made > document["count"] if families else made == document["count"]
    else:
        profile = templates.load("medicare-diabetic").fresh()
        assert _run(profile, [document], 40)["events"] > 40


@pytest.mark.slow
@_of("json journey")
def test_a_journey_for_people_of_an_employer_runs(block: Block) -> None:
    profile = templates.load("commercial-healthy").fresh()

    assert _run(profile, [json.loads(block.text)], 300)["events"] > 50


def _appended(draft: Draft, *blocks: Block) -> Draft:
    path = "journey.phases[0].steps"
    changes = [{"op": "append", "path": path, "value": json.loads(one.text)} for one in blocks]
    return refining.refine(draft, changes)[0]


@pytest.mark.slow
@_of("json step")
def test_a_step_can_be_appended_to_the_reference_journey(block: Block) -> None:
    assert problems(_appended(_draft(), block)) == []


@pytest.mark.slow
def test_the_reference_journey_runs_with_every_step_that_can_be_appended() -> None:
    groups: list[list[Block]] = [[]]
    for block in (one for one in BLOCKS if one.kind == "json step"):
        if _ids(block) & set().union(*map(_ids, groups[-1])):
            groups.append([])
        groups[-1].append(block)

    assert len(groups) < 6
    for group in groups:
        draft = _appended(_draft(), *group)
        assert _run(dict(draft.profile or {}), list(draft.journeys), 15)["patients"] == 15


def _ids(block: Block) -> set[str]:
    return set(re.findall(r'"id": "([^"]+)"', block.text))


@pytest.mark.slow
@_of("json changes")
def test_changes_can_be_made_to_the_reference_draft(block: Block) -> None:
    draft, lines = refining.refine(_draft(), json.loads(block.text))

    assert problems(draft) == []
    assert len(lines) == len(json.loads(block.text))


@_of("json call")
def test_a_call_names_a_tool_and_arguments_that_it_has(block: Block) -> None:
    call = json.loads(block.text)
    known = NAMES[call["tool"]].parameters
    needed = {name for name, one in known.items() if one.default is one.empty} - {"ctx"}

    assert set(call["arguments"]) <= set(known)
    assert needed <= set(call["arguments"])


@pytest.mark.slow
@_of("sql")
def test_a_query_answers(block: Block, home: Home) -> None:
    answered = query.query(home, "dm", block.text)

    assert answered.rows
    assert all(value is not None for value in answered.rows[0])
    assert not answered.truncated


def test_the_ten_answers_are_ten() -> None:
    assert sum(block.page.endswith("answers.md") for block in BLOCKS) == 10


def test_every_distribution_in_a_table_can_be_read() -> None:
    rows = list(_cells("| kind | example |"))
    kinds = [parse_distribution(json.loads(row[1].split("`")[1])).type for row in rows]

    assert len(set(kinds)) == 19
    assert [row[0] for row in rows if row[0] not in kinds] == []


def test_every_condition_in_a_table_can_be_read() -> None:
    rows = list(_cells("| ask | write |"))

    assert len(rows) >= 8
    for row in rows:
        for text in re.findall(r"`([^`]+)`", row[1]):
            parse(text)


def test_every_tool_is_named_in_a_skill() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [name for name in NAMES if f"`{name}`" not in text] == []


def test_every_tool_that_a_skill_names_exists() -> None:
    verbs = "|".join(sorted({name.split("_")[0] for name in NAMES}))
    arguments = {name for found in NAMES.values() for name in found.parameters}
    for page in PAGES:
        named = re.findall(rf"`((?:{verbs})_[a-z_]+)[`(]", page.read_text(encoding="utf-8"))
        unknown = set(named) - set(NAMES) - arguments
        assert unknown == set(), page


def test_every_guide_that_a_skill_points_to_can_be_asked_for() -> None:
    names = "|".join(skill.name for skill in skills())
    for page in PAGES:
        named = set(re.findall(rf"\b((?:{names})/[a-z-]+)\b", page.read_text("utf-8")))
        assert named <= set(topics()), page


def test_ages_in_worked_queries_are_completed_years() -> None:
    assert [str(one) for one in BLOCKS if "date_diff('year'" in one.text] == []


def test_the_codes_of_the_guides_carry_the_day_from_which_they_are_valid() -> None:
    told = (SHELF / "build-profile/references/codes.md").read_text(encoding="utf-8")
    text = "\n".join(one.text for one in BLOCKS)
    used = set(re.findall(r'"([A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)"', text))
    entries = [entry for code in sorted(used) if (entry := icd10cm().entry(code)) is not None]

    assert len(entries) > 20
    for entry in entries:
        assert not entry.valid_until, entry.code
        assert not entry.valid_from or f"{entry.code} since {entry.valid_from}" in told, entry.code
