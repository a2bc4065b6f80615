"""Reports of scenarios: gathers what there is to say, and writes it as one file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from healthsim.errors import HealthSimError, Refused, StorageError
from healthsim.operations import auditing, drawing, inlining, scenarios
from healthsim.operations import report_judged as judged
from healthsim.operations.home import Home
from healthsim.persistence.files import disk_error, is_device, publish_new, publish_over, temporary
from healthsim.pictures.render import NoRenderer
from healthsim.report.facts import Document, Drawn, Grid, Report

if TYPE_CHECKING:
    from healthsim.operations.auditing import AuditReport
    from healthsim.operations.scenarios import ScenarioSummary

_LONGEST_DOCUMENT = 300_000  # characters of a specification that a page holds
_LONGEST_TEXT = 5_000  # characters of a description or a request
_MOST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written."""

    file: Path
    bytes: int
    pictures: tuple[str, ...]
    notes: tuple[str, ...]


def write(home: Home, name: str, file: Path, *, replace: bool = False) -> Written:
    """Write the report of a scenario as one HTML file, which appears whole or not at all.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        Refused: the file exists and `replace` is not set, or there is no folder for it.
        StorageError: the scenario cannot be read, or the file cannot be written.
    """
    with _place_errors(file):
        _refuse_place(file, replace)
    gathered = gather(home, name)
    text = page_of(gathered).encode("utf-8")
    with _place_errors(file):
        unfinished = temporary(file)
        try:
            unfinished.write_bytes(text)
            (publish_over if replace else publish_new)(unfinished, file)
        finally:
            unfinished.unlink(missing_ok=True)
    return Written(file, len(text), tuple(one.kind for one in gathered.pictures if one.wide),
                   tuple(gathered.notes))  # fmt: skip


def page_of(gathered: Report) -> str:
    """Return a report as the text of an HTML file."""
    from healthsim.report.page import render  # noqa: PLC0415  jinja2 is needed here only

    return render(gathered, inlining.colours())


def gather(home: Home, name: str) -> Report:
    """Gather what a report says: what cannot be judged or drawn is a note in it.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        StorageError: its file cannot be read.
    """
    summary = scenarios.describe(home, name)
    documents = _documents(summary)
    notes: list[str] = []
    audited = _audited(home, name, notes) if summary.count else None
    if not summary.count:
        notes.append("There is nobody in this scenario, so that there is nothing to draw or judge.")
    return Report(
        name=name,
        description=summary.description[:_LONGEST_TEXT],
        people=summary.count,
        rows=sum(summary.counts.values()),
        seed=summary.seed,
        digest=summary.digest,
        engine_version=summary.engine_version,
        period=_period(summary),
        references=summary.references,
        requests=[text[:_LONGEST_TEXT] for text in summary.requests[:_MOST_REQUESTS]],
        fates=judged.fates(summary.wishes),
        verdicts=judged.verdicts(audited) if audited else (),
        pictures=_pictures(home, name, notes) if summary.count else (),
        asked=judged.asked(audited) if audited else None,
        checks=judged.checks(audited) if audited else None,
        tables=_tables(home, name),
        documents=documents,
        real_providers=_has_real_providers(summary),
        command=_command(name, documents),
        notes=notes,
    )


def _audited(home: Home, name: str, notes: list[str]) -> AuditReport | None:
    try:
        return auditing.audit(home, name)
    except HealthSimError as error:
        notes.append(f"It could not be audited. {error}")
        return None


_GRAIN = "one row per "


def _tables(home: Home, name: str) -> Grid:
    rows = [[table, number, grain.removeprefix(_GRAIN)]
            for table, number, grain in scenarios.tables(home, name)]  # fmt: skip
    return Grid("Its tables", ("table", "rows", _GRAIN.strip()), rows)


def _pictures(home: Home, name: str, notes: list[str]) -> list[Drawn]:
    """Draw every kind that makes sense; without a renderer their tables remain."""
    from healthsim.pictures import render  # noqa: PLC0415  as below

    drawn = []
    with render.session():
        for kind in drawing.pictures_for(home, name):
            try:
                drawn.append(_drawn(home, name, kind, notes))
            except HealthSimError as error:
                notes.append(f"No picture of {kind.replace('_', ' ')}. {error}")
    return drawn


def _drawn(home: Home, name: str, kind: str, notes: list[str]) -> Drawn:
    picture = drawing.draw(home, name, kind)
    table = Grid(picture.title, picture.columns, picture.rows)
    try:
        inlined = inlining.inline(picture)
    except NoRenderer as error:
        note = f"Pictures are shown as tables. {error}"
        notes.extend([note] * (note not in notes))
        inlined = inlining.Inlined(inlining.below(picture), "", "")
    return Drawn(kind, picture.title, picture.says, inlined.below, inlined.wide, inlined.narrow,
                 table)  # fmt: skip


def _documents(summary: ScenarioSummary) -> list[Document]:
    """Return the specifications as files: the profile with the seed and count of the run."""
    documents = []
    profile = json.loads(summary.profile) | {"seed": summary.seed}
    texts = [("profile", profile), *(("journey", json.loads(text)) for text in summary.journeys)]
    for number, (kind, document) in enumerate(texts):
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        documents.append(
            Document(
                file="profile.json" if kind == "profile" else f"journey-{number}.json",
                kind=kind,
                title=str(document.get("title") or document.get("name") or "without a name")[:300],
                description=str(document.get("description") or "")[:_LONGEST_TEXT],
                text=text if len(text) <= _LONGEST_DOCUMENT else "",
            )
        )
    return documents


def _has_real_providers(summary: ScenarioSummary) -> bool:
    """Return whether who treats comes from an imported public directory."""
    network = json.loads(summary.profile).get("network")
    return isinstance(network, dict) and network.get("source") == "nppes"


def _command(name: str, documents: Sequence[Document]) -> str:
    options = " ".join(f"--{document.kind} {document.file}" for document in documents)
    again = shlex.quote(f"{name}-again")
    return f"healthsim generate {options} --save {again}\nhealthsim verify {again}"


def _period(summary: ScenarioSummary) -> tuple[str, str, int] | None:
    """Return the first and last day of the records, where the specifications can be read."""
    from healthsim.building import dates_said  # noqa: PLC0415  it is needed here only
    from healthsim.specification.document import read  # noqa: PLC0415  numpy is heavy
    from healthsim.specification.journeys.journey import JourneySpec  # noqa: PLC0415  as it
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415  as it

    try:
        read(ProfileSpec, summary.profile, "profile")
        for text in summary.journeys:
            read(JourneySpec, text, "journey")
    except HealthSimError:
        return None
    journeys = [json.loads(text) for text in summary.journeys]
    first, last = dates_said.records(json.loads(summary.profile), journeys)
    return first.isoformat(), last.isoformat(), (last - first).days + 1


def _refuse_place(file: Path, replace: bool) -> None:
    """Refuse a place that cannot be written, before the work is done."""
    if not file.name:
        raise Refused("--out", f"{str(file)!r} is no file", "give a file, such as report.html")
    if is_device(file.name):
        raise Refused(
            "--out", f"{file.name!r} is a name that Windows keeps for a device", "choose another"
        )
    if file.is_dir():
        raise Refused(
            "--out", f"{file.name} is a folder", f"give a file in it: {file.name}/report.html"
        )
    if not file.parent.is_dir():
        raise Refused(
            "--out", f"there is no folder {file.parent}", "make it first, or choose another"
        )
    if (file.exists() or file.is_symlink()) and not replace:
        raise Refused(
            "--out", f"{file.name} is there already", "choose another name, or add --replace"
        )


@contextmanager
def _place_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise Refused(
            "--out", f"{file.name} is there already", "choose another name, or add --replace"
        ) from None
    except OSError as error:
        found = disk_error("--out", error).problem.found
        raise StorageError("--out", f"{file.name}: {found}", "choose another place") from error
