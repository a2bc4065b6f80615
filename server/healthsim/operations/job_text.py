"""A job as text, so that any process can prepare it again and know that it is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from healthsim import ENGINE
from healthsim.errors import Refused
from healthsim.operations.home import Home
from healthsim.operations.reference import reference_for

if TYPE_CHECKING:
    from healthsim.execution.job import Job

_NONE = "none"


@dataclass(frozen=True)
class JobText:
    """What a worker needs to prepare a job.

    Attributes:
        profile: JSON text with seed and count; `journeys` likewise.
        home: the folder whose imports are drawn from; empty for that of the worker's environment.
        key: of the job.
        engine: version that asks for it.
        references: name and digest of each import that the job draws from.
    """

    profile: str
    journeys: tuple[str, ...]
    home: str
    key: str
    engine: str
    references: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, job: Job, home: Home | None) -> JobText:
        """Return the text of a job; without a home, workers use their own."""
        profile = json.loads(job.profile_text) | {"seed": job.seed, "count": job.count}
        return cls(
            json.dumps(profile), job.journey_texts, "" if home is None else str(home.folder),
            job.key, ENGINE, tuple(sorted(job.references.items())),
        )  # fmt: skip


_ONE_AT_A_TIME = Lock()
_PREPARED: dict[JobText, Job] = {}


def prepared(text: JobText) -> Job:
    """Return the job of a text; a process prepares it once.

    Raises:
        Refused: this process would make other rows: another version, or other imports.
    """
    if text.engine != ENGINE:
        raise _other(f"HealthSim {text.engine} asks, and this worker has {ENGINE}",
                     "install the same version where workers run")  # fmt: skip
    with _ONE_AT_A_TIME:
        if text not in _PREPARED:
            _PREPARED.clear()
            _PREPARED[text] = _prepare(text)
        return _PREPARED[text]


def _prepare(text: JobText) -> Job:
    from healthsim.codes import imported_books  # noqa: PLC0415  in workers only
    from healthsim.execution.prepare import prepare  # noqa: PLC0415  numpy and scipy are heavy

    home = Home(Path(text.home)) if text.home else Home.default()
    imported_books.open_shelf(home.books)
    profile, journeys = json.loads(text.profile), [json.loads(one) for one in text.journeys]
    job = prepare(profile, journeys, reference_for(home, profile, journeys), people=False)
    if job.key != text.key:
        raise _other(differing(dict(text.references), job.references) or "its job is another one",
                     "import the same releases in the home folder of every worker")  # fmt: skip
    return job


def differing(asked: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Say which imports differ, with both versions; nothing where they are the same.

    >>> differing({"nppes": "abc"}, {})
    'nppes abc asks, and this worker has none'
    """
    names = sorted(name for name in {*asked, *here} if asked.get(name) != here.get(name))
    return ", ".join(
        f"{name} {asked.get(name, _NONE)[:12]} asks, and this worker has "
        f"{here.get(name, _NONE)[:12]}"
        for name in names
    )


def _other(found: str, mend: str) -> Refused:
    return Refused("worker", f"it would make other rows: {found}", mend)
