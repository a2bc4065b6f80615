"""Outcomes that are kept, so that a run can be taken up again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from mutation.explained import Key
from mutation.reach import Reach, Test
from mutation.recording import KEPT
from mutation.source import Source
from mutation.trial import KILLED, Outcome

_FILE = KEPT / "outcomes.jsonl"


class Outcomes:
    """What became of mutants in earlier runs and in this one.

    A kill is taken over for the same mutant; a survivor only while its module and the files of its
    tests are the same.
    """

    def __init__(self, reach: Reach, resume: bool) -> None:
        self._reach = reach
        self._kept: dict[str, tuple[str, Outcome]] = {}
        KEPT.mkdir(exist_ok=True)
        if not resume:
            _FILE.unlink(missing_ok=True)
        elif _FILE.exists():
            for line in _FILE.read_text(encoding="utf-8").splitlines():
                one = json.loads(line)
                self._kept[one["mutant"]] = one["state"], Outcome(**one["outcome"])

    def of(self, key: Key, source: Source, tests: list[Test]) -> Outcome | None:
        """Return the kept outcome of a mutant, or None where it has to be tried."""
        state, outcome = self._kept.get("\n".join(key), ("", None))
        if outcome and (outcome.verdict == KILLED or state == self._state(source, tests)):
            return outcome
        return None

    def keep(self, key: Key, source: Source, tests: list[Test], outcome: Outcome) -> None:
        """Keep an outcome at once; a run may be stopped."""
        said = {
            "mutant": "\n".join(key),
            "state": self._state(source, tests),
            "outcome": asdict(outcome),
        }
        with _FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(said) + "\n")

    def _state(self, source: Source, tests: list[Test]) -> str:
        units = sorted({one.unit for one in tests})
        parts = [source.data, *(self._reach.units[one].digest.encode() for one in units)]
        return hashlib.sha256(b"".join([*parts, str(len(tests)).encode()])).hexdigest()[:16]
