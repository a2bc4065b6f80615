"""The command line: commands, exit codes, errors on stderr, and what it does not import."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO

import pytest
import typer.main

from healthsim import __version__, cli, cli_screen, demo
from healthsim.building import templates
from healthsim.specification.format import FORMAT
from kept import keep
from processes import PATIENCE
from stand_ins import ask_rules_of_money

CHECKED = ("medicare-diabetic", "diabetic-first-year", "phase-3-trial")
"""Templates that are checked each time; the proofs check every one."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


@cache
def _built() -> Callable[[], None]:
    """Return the commands, which a process builds once."""
    return typer.main.get_command(cli.app)


def _run(home: Path, *arguments: str) -> Done:
    """Run a command in this process, as its script would."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEALTHSIM_HOME", str(home))
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["healthsim", *arguments])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(cli, "app", _built())
        try:
            cli.main()
        except SystemExit as end:
            return Done(int(end.code or 0), out.getvalue(), err.getvalue())
    return Done(0, out.getvalue(), err.getvalue())


def _core(folder: Path, name: str) -> str:
    """Write a template without the tables of a full chart, and return the path of the file."""
    path = folder / f"{name}-core.json"
    path.write_text(json.dumps(templates.load(name).fresh() | {"detail": "core"}))
    return str(path)


@pytest.fixture(scope="module")
def small(home: Path) -> str:
    """Return the name of a scenario of 20 people, without the tables of a full chart."""
    done = _run(
        home, "generate", "--profile", _core(home, "medicare-diabetic"),
        "--journey", "diabetic-first-year", "--count", "20", "--save", "small",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "saved as small" in done.stdout
    return "small"


@pytest.mark.slow
def test_the_module_runs_as_the_script_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "healthsim", "--version"],
        capture_output=True, text=True, check=True, timeout=PATIENCE,
    )  # fmt: skip

    assert done.stdout.strip() == f"healthsim {__version__}"


@pytest.mark.slow
def test_a_program_that_starts_it_without_a_command_is_told_to_serve(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "healthsim"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert "healthsim serve" in done.stderr


def test_on_a_terminal_it_says_in_a_few_lines_what_there_is(home: Path) -> None:
    with _terminal() as terminal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", terminal)
        done = _run(home)
    named = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  health")]

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) < 10
    assert set(named) - {"--help"} <= {command.name or command.callback.__name__
                                       for command in cli.app.registered_commands}  # fmt: skip


@contextmanager
def _terminal() -> Iterator[TextIO]:
    """Give the side of a new terminal that a program reads."""
    ours, theirs = os.openpty()
    with open(theirs) as terminal:  # noqa: PTH123  a descriptor, no path
        yield terminal
    os.close(ours)


def test_lists_that_are_piped_begin_with_the_names_of_their_columns(home: Path) -> None:
    head, first, *_ = _run(home, "templates", "knee").stdout.splitlines()
    listed = {name: _run(home, name).stdout.splitlines()[0] for name in ("scenarios", "storage")}

    assert head == "name\tkind\ttitle"
    assert first.split("\t")[:2] == ["surgical-episode", "journey"]
    assert listed == {
        "scenarios": "name\tpeople\trows\tdescription",
        "storage": "kind\tname\tmegabytes\tdays\tstate",
    }


def test_what_is_not_known_is_empty_in_a_list_that_is_piped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cli_screen.print_rows(("a", "b"), [[None, 0], ["x", None]], as_json=False)

    assert capsys.readouterr().out == "a\tb\n\t0\nx\t\n"


@pytest.mark.slow
def test_a_saved_scenario_is_listed_queried_and_verified(home: Path, small: str) -> None:
    listed = json.loads(_run(home, "scenarios", "--json").stdout)
    asked = _run(home, "query", small, "SELECT count(*) AS n FROM patients")
    verified = _run(home, "verify", small)

    assert [(row["name"], row["people"]) for row in listed] == [(small, 20)]
    assert asked.stdout == "n\n20\n"
    assert verified.returncode == 0
    assert "the same rows" in verified.stdout


@pytest.mark.slow
def test_a_changed_scenario_fails_its_verification(home: Path, small: str) -> None:
    import duckdb

    changed = home / "scenarios" / "changed.duckdb"
    changed.write_bytes((home / "scenarios" / f"{small}.duckdb").read_bytes())
    with duckdb.connect(str(changed)) as connection:
        connection.execute("UPDATE patients SET city = 'Nowhere' WHERE person_id = 101")
    verified = _run(home, "verify", "changed")
    changed.unlink()

    assert verified.returncode == 1
    assert "patients" in verified.stderr


@pytest.mark.slow
def test_saving_over_a_scenario_needs_replace(home: Path, small: str) -> None:
    profile = _core(home, "medicare-diabetic")
    again = ("generate", "--profile", profile, "--count", "10", "--save")
    refused = _run(home, *again, small)
    other = _run(home, *again, "other")
    replaced = _run(home, *again, "other", "--replace", "--json")

    assert refused.returncode == 2
    assert "one of this name already" in refused.stderr
    assert other.returncode == 0
    assert json.loads(replaced.stdout)["tables"]["patients"] == 10


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_writes_the_same_bytes_each_time(
    home: Path, small: str, tmp_path: Path, form: str
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        done = _run(home, "export", small, "--format", form, "--out", str(folder))
        assert done.returncode == 0, done.stderr

    names = sorted(path.name for path in one.iterdir())
    assert f"patients.{form}" in names
    assert "SYNTHETIC-TEST-DATA.txt" in names
    assert [(one / name).read_bytes() == (two / name).read_bytes() for name in names] == [
        True for _ in names
    ]


@pytest.mark.slow
def test_an_export_does_not_go_into_a_folder_with_files(
    home: Path, small: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    refused = _run(home, "export", small, "--out", str(tmp_path))
    replaced = _run(home, "export", small, "--out", str(tmp_path), "--replace")

    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert replaced.returncode == 0
    assert (tmp_path / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("document", "piece"),
    [
        ('{"kind": "profile", "name": "x", "countt": 5}', "did you mean 'count'"),
        ('{"kind": "profil"}', "use profile or journey"),
        ("{", "is not JSON"),
        ("[]", "holds no JSON object"),
    ],
)
def test_a_wrong_file_is_explained_on_stderr_with_exit_code_2(
    home: Path, tmp_path: Path, document: str, piece: str
) -> None:
    path = tmp_path / "spec.json"
    path.write_text(document)
    done = _run(home, "check", str(path))

    assert done.returncode == 2
    assert piece in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(item.name, marks=[pytest.mark.proof] * (item.name not in CHECKED))
        for item in templates.load_library()
    ],
)
def test_every_template_passes_check(home: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.json"
    path.write_text(templates.load(name).document)

    assert _run(home, "check", str(path)).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "piece"),
    [
        (("query", "smal", "SELECT 1"), "did you mean 'small'"),
        (("query", "small", "DELETE FROM patients"), "SELECT"),
        (("generate", "--profile", "medicare-diabetc", "--save", "x"), "medicare-diabetic"),
        (("generate", "--profile", "medicare-diabetic", "--count", "0", "--save", "x"), "count"),
        (("generate", "--profile", "medicare-diabetic", "--save", "../x"), "small letters"),
        (("generate", "--profile", "surgical-episode", "--save", "x"), "is a journey"),
        (("serve", "--http", "nowhere"), "HOST:PORT"),
        (("generate",), "--profile"),
    ],
)
def test_a_wrong_word_ends_with_exit_code_2_and_its_mend(
    home: Path, small: str, arguments: tuple[str, ...], piece: str
) -> None:
    done = _run(home, *arguments)

    assert done.returncode == 2
    assert piece in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_listing_templates_and_looking_codes_up_import_nothing_heavy() -> None:
    program = """
import sys
from healthsim import cli
for words in (["templates"], ["codes", "classify", "E11.9"]):
    sys.argv = ["healthsim", *words]
    try:
        cli.main()
    except SystemExit:
        pass
    print(*{"numpy", "duckdb", "mcp", "pyarrow", "scipy"} & set(sys.modules), sep=" ", end="|\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True, timeout=PATIENCE)  # fmt: skip
    told = done.stdout.splitlines()

    assert [line for line in told if line.endswith("|")] == ["|", "|"]
    assert any(line.startswith("E11.9,icd10cm,valid") for line in told)


def test_a_taken_name_is_answered_with_the_option_that_replaces(home: Path, small: str) -> None:
    done = _run(home, "generate", "--profile", "medicare-diabetic", "--save", small)

    assert done.returncode == cli.WRONG
    assert "--replace" in done.stderr


@pytest.mark.parametrize("port", ["²", "99999", "9" * 5000, ""])
def test_an_address_that_is_none_is_refused(home: Path, port: str) -> None:
    done = _run(home, "serve", "--http", f"127.0.0.1:{port}")

    assert done.returncode == cli.WRONG
    assert "HOST:PORT" in done.stderr


@pytest.mark.slow
def test_the_demo_leaves_a_scenario_of_its_name_that_is_not_its_own(tmp_path: Path) -> None:
    keep(tmp_path, demo.NAME)
    before = (tmp_path / "scenarios" / f"{demo.NAME}.duckdb").read_bytes()
    done = _run(tmp_path, "demo")

    assert done.returncode == cli.WRONG
    assert "the demo did not make" in done.stderr
    assert (tmp_path / "scenarios" / f"{demo.NAME}.duckdb").read_bytes() == before


@pytest.mark.slow
def test_an_expectation_that_is_not_met_is_told_and_fails_only_where_strict(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "who.json"
    profile = templates.load("medicare-diabetic").fresh()
    asked = ["count(patients) == 12", "share(age < 65) > 0.9"]
    changed = {"count": 12, "expectations": asked, "detail": "core"}
    path.write_text(json.dumps(profile | changed))
    call = ("generate", "--profile", str(path), "--save", "expecting", "--replace")
    told, strict = _run(home, *call), _run(home, *call, "--strict", "--json")
    plain = json.loads(strict.stdout)

    assert (told.returncode, strict.returncode) == (0, 1)
    assert "met     count(patients) == 12: got 12" in told.stdout
    assert "NOT MET share(age < 65) > 0.9: got 0" in told.stdout
    assert "saved as expecting" in told.stdout
    assert plain["name"] == "expecting"
    assert [one["met"] for one in plain["expectations"]] == [True, False]


@pytest.mark.slow
def test_what_a_template_expects_is_left_out_where_few_people_are_made(home: Path) -> None:
    found = _run(home, "generate", "--profile", "medicare-copd", "--count", "40", "--save", "few",
                 "--strict")  # fmt: skip

    assert found.returncode == 0
    assert "meant for 1,000 people" in found.stderr
    assert "NOT MET" not in found.stdout


def test_all_that_is_wrong_with_a_command_is_said_at_once(home: Path) -> None:
    done = _run(home, "generate", "--profile", "medicare-diabetik", "--journey", "no-such-year",
                "--journey", "nowhere.json")  # fmt: skip
    bare = _run(home, "generate")

    assert (done.returncode, bare.returncode) == (2, 2)
    for said in ("--save: is missing", "medicare-diabetic", "no-such-year", "nowhere.json"):
        assert said in done.stderr
    assert "--save: is missing" in bare.stderr
    assert "--profile: is missing" in bare.stderr


@pytest.mark.slow
def test_codes_are_found_by_words(home: Path) -> None:
    lines = _run(
        home, "codes", "find", "heart", "attack", "--system", "icd10cm"
    ).stdout.splitlines()
    asked = json.loads(_run(home, "codes", "find", "a1c", "--json").stdout)

    assert lines[1].split("\t")[:2] == ["icd10cm", "I21.9"]
    assert asked["found"][0]["code"] == "4548-4"


def test_words_that_no_code_has_are_refused_with_a_mend(home: Path) -> None:
    done = _run(home, "codes", "find", "xyzzyx")

    assert done.returncode == 2
    assert "use other or fewer words" in done.stderr


@pytest.mark.slow
def test_audit_tells_what_holds_what_was_asked_and_what_is_published(
    home: Path, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_rules_of_money(monkeypatch)
    done = _run(home, "audit", small)
    told = json.loads(_run(home, "audit", small, "--json").stdout)

    assert done.returncode == 0, done.stderr
    assert "checks hold" in done.stdout
    compared = told["asked_against_got"]
    judged = [row["ok"] for row in compared if row["ok"] is not None]
    assert f"{len(judged)} of {len(compared)} asked figures could be judged" in done.stdout
    assert told["ok"]
    assert told["findings"] == []
    assert told["unlisted_codes"] == []
    assert {"what", "asked", "got"} <= told["asked_against_got"][0].keys()


@pytest.mark.slow
def test_audit_is_strict_about_published_figures_where_that_is_asked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_rules_of_money(monkeypatch)
    profile = templates.load("commercial-healthy", "profile").fresh()
    path = tmp_path / "claims.json"
    changed = {
        "reproduces": ["ccw-2019-hypertension"], "products": ["patientsim"], "detail": "core",
    }  # fmt: skip
    path.write_text(json.dumps(profile | changed))
    done = _run(home, "generate", "--profile", str(path), "--count", "100", "--save", "claiming")
    assert done.returncode == 0, done.stderr
    strict = _run(home, "audit", "claiming", "--strict")

    assert _run(home, "audit", "claiming").returncode == 0
    assert strict.returncode == 1
    assert "0 of 1 published figures are met; off: “" in strict.stdout


def test_codes_are_judged_from_arguments_and_files(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code,sex\nC61,F\nE11,\n", encoding="utf-8")
    lines = _run(home, "codes", "classify", "E11.9", "--file", str(file)).stdout.splitlines()
    asked = json.loads(_run(home, "codes", "classify", "I1O", "--json").stdout)

    assert [line.split(",")[:3] for line in lines] == [
        ["said", "system", "status"], ["E11.9", "icd10cm", "valid"],
        ["C61", "icd10cm", "wrong_sex"], ["E11", "icd10cm", "header"],
    ]  # fmt: skip
    assert (asked[0]["status"], asked[0]["suggestions"]) == ("unknown", ["I10"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "was given no code"),
        (("E11", "--sex", "X"), "--sex: sex is 'X'; write M or F"),
        (("E11", "--on", "soon"), "--on: day is 'soon'"),
        (("E11", "--system", "icd11"), "there is no code system 'icd11'"),
        (("--file", "nowhere.csv"), "nowhere.csv: cannot be read"),
    ],
)
def test_a_question_about_codes_that_is_wrong_ends_with_two(
    home: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = _run(home, "codes", "classify", *arguments)

    assert done.returncode == 2
    assert said in done.stderr


def test_what_goes_with_a_condition_is_listed(home: Path) -> None:
    lines = _run(home, "codes", "goes-with", "E11").stdout.splitlines()
    unknown = _run(home, "codes", "goes-with", "Q99.9")

    assert lines[1].split("\t")[:3] == ["lab", "loinc", "4548-4"]
    assert unknown.returncode == 2


@pytest.mark.slow
def test_an_imported_book_serves_every_later_command_until_it_is_removed(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "mine.csv"
    file.write_text("code,description\n12345,our own words\n", encoding="utf-8")
    imported = _run(home, "reference", "import", "cpt", str(file))
    listed = _run(home, "reference", "list")
    found = _run(home, "codes", "find", "own", "words")
    removed = _run(home, "reference", "remove", "cpt")
    gone = _run(home, "codes", "find", "own", "words", "--system", "cpt")

    assert imported.returncode == listed.returncode == removed.returncode == 0, imported.stderr
    assert listed.stdout.splitlines()[1].startswith("cpt\t1\t")
    assert "cpt\t12345\tour own words" in found.stdout
    assert gone.returncode == 2


def test_check_refuses_a_profile_for_whose_places_nothing_is_known(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "strokes.json"
    share = {"type": "population", "measure": "stroke"}
    path.write_text(json.dumps({
        "kind": "profile", "name": "strokes", "count": 10, "products": ["patientsim"],
        "demographics": {"location": {"counties": {"48201": 1}}},
        "clinical": {"comorbidities": [{"code": "I63.9", "share": share}]},
    }))  # fmt: skip
    checked = _run(home, "check", str(path))
    made = _run(home, "generate", "--profile", str(path))

    assert (checked.returncode, made.returncode) == (2, 2)
    assert "there is no figure for 'stroke' in Harris County, TX" in checked.stderr
    assert "reference import cdc-places FILE" in " ".join(checked.stderr.split())


def test_migrate_prints_an_older_specification_in_todays_format(home: Path) -> None:
    old = Path(__file__).parent / "data" / "format-1" / "journey.json"

    done = _run(home, "migrate", str(old))

    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert document.pop("format") == FORMAT
    assert document == json.loads(old.read_text(encoding="utf-8"))


def test_migrate_refuses_a_format_from_the_future(home: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.json"
    later.write_text(json.dumps({"kind": "profile", "format": FORMAT + 1}), encoding="utf-8")

    done = _run(home, "migrate", str(later))

    assert done.returncode == 2
    assert done.stdout == ""
    assert f"later.json.format: is {FORMAT + 1}" in done.stderr
    assert "install the version of HealthSim that wrote it" in done.stderr


@pytest.mark.slow
def test_a_person_of_a_scenario_is_told_by_day_and_as_json(home: Path, small: str) -> None:
    told = _run(home, "person", small, "101")
    data = json.loads(_run(home, "person", small, "101", "--json").stdout)

    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("person 101\n")
    assert f"of {data['total']}" in told.stdout.splitlines()[-1]
    assert data["lines"][0].keys() == {"date", "table", "what", "id", "of"}
    assert _run(home, "person", small, "1").returncode == 2


@pytest.mark.slow
def test_a_row_of_a_scenario_is_explained_and_as_json(home: Path, small: str) -> None:
    told = _run(home, "explain", small, "patients", "101")
    data = json.loads(_run(home, "explain", small, "patients", "101", "--json").stdout)

    assert told.returncode == 0, told.stderr
    assert "profile.demographics.age: " in told.stdout
    assert "rule: one row for each person" in told.stdout
    assert data["row"]["person_id"] == 101
    assert data["draws"][0].keys() == {"decision", "uniform", "from", "gave"}
    assert "no such row" in _run(home, "explain", small, "patients", "7").stderr
