"""Audits a scenario: whether records and amounts agree, and whether it is as specified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from healthsim import ENGINE
from healthsim.errors import StorageError
from healthsim.operations import runs, scenarios
from healthsim.operations.home import Home
from healthsim.operations.runs import RunRecord
from healthsim.operations.scored import Scored, sentence
from healthsim.watching import part, step


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The result of an audit.

    Attributes:
        checked: number of checks.
        findings: checks that do not hold: what, where, how many rows.
        compared: what was asked for and what was got, one row for each figure.
        expected: what the specifications expect, and the result when the rows were made.
        scored: published figures that the specifications say they reproduce, one row for each.
        not_got: words of the requests that are not in the specifications: words, why, note.
        unlisted: codes in the rows that are in no code book and that the specifications allow.
    """

    checked: int
    findings: list[list[Any]]
    compared: list[list[Any]]
    expected: list[list[Any]] = field(default_factory=list)
    scored: list[list[Any]] = field(default_factory=list)
    unlisted: list[list[Any]] = field(default_factory=list)
    not_got: list[list[Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything that must hold holds.

        A figure off by chance is no fault, and neither is a published figure that is not met: then
        the rows are as specified but the specification is not like the world; see `off`.
        """
        return not self.findings and all(row[-1] for row in self.expected)

    @property
    def note(self) -> str:
        """A note on codes that no code book could judge; empty if there are none."""
        codes = list(dict.fromkeys(str(row[0]) for row in self.unlisted))
        if not codes:
            return ""
        more = ", ..." * (len(codes) > _MOST_NAMED)
        stand = "code stands" if len(codes) == 1 else "codes stand"
        return (f"{len(codes)} unlisted {stand} in the rows, which no code book knows and the "
                f"specifications let pass: {', '.join(codes[:_MOST_NAMED])}{more}")  # fmt: skip

    @property
    def judged(self) -> str:
        """How many of the figures that were asked for could be judged, and how many of these fit.

        A figure that differs by place, or that depends on other rows, has no single asked value.
        """
        fit = [row[-1] for row in self.compared if row[-1] is not None]
        return (f"{len(fit)} of {len(self.compared)} asked figures could be judged; {sum(fit)} of "
                f"{len(fit)} are what was asked, but for chance")  # fmt: skip

    @property
    def off(self) -> list[str]:
        """The published figures that are not met, in words."""
        found = [Scored.of(row) for row in self.scored]
        return [one.figure for one in found if one.status == "off"]

    @property
    def score(self) -> str:
        """How many published figures are met, and which are not, as a sentence."""
        return sentence(self.scored)


def worst_first(compared: Sequence[list[Any]]) -> list[list[Any]]:
    """Return rows of a comparison: what is off, then what fits, then what is not judged.

    Of what fits, how far values spread comes last.
    """
    order = {False: 0, True: 2, None: 4}
    return sorted(compared, key=lambda row: order[row[-1]] + is_spread(row))


def is_spread(row: Sequence[Any]) -> bool:
    """Tell whether a row of a comparison is how far values spread, beside their mean or shares."""
    return str(row[0]).endswith(_SPREAD)


_SPREAD = (": standard deviation", ", standard deviation", ": youngest", ": oldest", " together")
UNLISTED = ["code", "where", "rows"]
_MOST_NAMED = 20  # unlisted codes; the rows of the audit name them all
FINDING = ["check", "where", "rows", "mend"]
COMPARED = ["what", "asked", "got", "low", "high", "ok"]
SCORED = list(Scored._fields)
NOT_GOT = ["words", "fate", "note"]
EXPECTED = ["where", "expectation", "expected", "got", "met"]


def audit(home: Home, name: str) -> AuditReport:
    """Audit a scenario.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        StorageError: its file cannot be read.
    """
    summary = scenarios.describe(home, name)
    report = audit_file(scenarios.path(home, name), summary.profile, summary.journeys)
    return replace(report, expected=expected(summary.expectations), not_got=not_got(summary.wishes))


def not_got(wishes: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return the words of requests that are not in the specifications, or no longer, as rows."""
    return [[wish.get(key) for key in NOT_GOT] for wish in wishes if wish.get("fate") != "bound"]


def audit_file(path: Path, profile: str, journeys: Sequence[str]) -> AuditReport:
    """Audit the file of a run or scenario against the texts of its specifications."""
    from healthsim.audit import integrity  # noqa: PLC0415  duckdb is heavy
    from healthsim.audit.unlisted import unlisted_rows  # noqa: PLC0415  as it
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  as it

    with part(0, 70):
        findings = integrity.check(path)
    broken = [[item.check, item.where, item.rows, item.mend] for item in findings if item.rows]
    counted = describe_file(path).manifest.figures
    with part(70, 90):
        figures = compared(path, profile, journeys, counted)
    with part(90, 99):
        published = scored(path, profile, journeys)
    step("unlisted codes", 99, 100)
    return AuditReport(len(findings), broken, figures, scored=published,
                       unlisted=[list(row) for row in unlisted_rows(path)])  # fmt: skip


def scored(path: Path, profile: str, journeys: Sequence[str]) -> list[list[Any]]:
    """Return published figures against got, those that the specifications declare, as rows."""
    from healthsim.audit import scorecard  # noqa: PLC0415  duckdb is heavy
    from healthsim.execution.prepare import last_day  # noqa: PLC0415  numpy is heavy
    from healthsim.specification.document import read  # noqa: PLC0415  as it
    from healthsim.specification.journeys.journey import JourneySpec  # noqa: PLC0415  as it
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415  as it

    who = read(ProfileSpec, profile, "profile")
    what = [read(JourneySpec, text, f"journeys[{place}]") for place, text in enumerate(journeys)]
    declared = [name for figure in (who, *what) for name in figure.reproduces]
    last = date(1970, 1, 1) + timedelta(days=last_day(who, what))
    return [
        [row.figure.code, row.figure.display, row.figure.value, row.observed, row.difference,
         row.count, row.allowed, row.status, row.figure.source, row.figure.year,
         row.figure.confidence, row.needed, row.figure.unit]
        for row in scorecard.score(path, declared, who.as_of, last)
    ]  # fmt: skip


def expected(results: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return judged expectations as rows."""
    return [[result.get(key) for key in EXPECTED] for result in results]


def unlisted_of_run(path: Path) -> list[str]:
    """Return the codes of a run that no book knew and that its specifications let pass."""
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    return list(describe_file(path).manifest.unlisted_codes)


def expected_of_run(path: Path) -> list[list[Any]]:
    """Return how the expectations came out whose rows a file holds."""
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    return expected(describe_file(path).manifest.expectations)


def compared_run(path: Path) -> list[list[Any]]:
    """Compare a file with the specifications that it carries; one row for each figure."""
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    manifest = describe_file(path).manifest
    return compared(path, manifest.profile, manifest.journeys, manifest.figures)


def compared_once(home: Home, record: RunRecord, *, keep: bool) -> list[list[Any]]:
    """Compare a finished run as `compared_run` does, and remember the rows for later.

    Args:
        home: the home folder.
        record: the finished run.
        keep: also keep the rows beside the run, for other processes: who only looks writes nothing.
    """
    path, digest = runs.file(home, record.run_id), record.digest
    made_by = {"digest": digest, "version": ENGINE}
    kept = runs.kept(home, record.run_id, "compared")
    if made_by.items() <= kept.items() and _are_compared(kept.get("rows")):
        return list(kept["rows"])
    found = _compared_run(path, digest)
    if keep:
        with suppress(StorageError):  # a home that is only read
            runs.keep(home, record.run_id, "compared", {**made_by, "rows": found})
    return found


@lru_cache(maxsize=32)
def _compared_run(path: Path, digest: str) -> list[list[Any]]:
    """Compare the run of this digest, once in a process."""
    return compared_run(path)


def _are_compared(kept: object) -> bool:
    return isinstance(kept, list) and all(
        isinstance(row, list) and len(row) == len(COMPARED) for row in kept
    )


def compared(
    path: Path,
    profile: str,
    journeys: Sequence[str],
    figures: Sequence[Sequence[Any]] | None = None,
) -> list[list[Any]]:
    """Compare a run's or scenario's file with specifications; one row for each figure."""
    from healthsim.audit import fidelity  # noqa: PLC0415  duckdb and scipy are heavy

    return [
        [row.what, row.asked, row.got, row.low, row.high, row.ok]
        for row in fidelity.compare(path, profile, journeys, figures)
    ]
