"""Change the server by a hair in many places, and see whether the suite notices.

    PYTHONPATH=tests:server python -m mutation [--seed 9] [--places 200] [--only audit] [--resume]

The first run records which test reaches which line (as long as the suite takes, and half as long
again); records of test files that have not changed are used again. The choice of places depends on
the seed and on the text of the server alone. Outcomes are kept under `.mutants/`: `--resume` takes
over kills, and survivors whose tests have not changed. Exits with 0 where at least 85 % are killed
and the rest are explained in `explained.toml`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time

from mutation import suite
from mutation.choice import ROOMS, chosen
from mutation.explained import key_of, reasons
from mutation.lanes import in_lanes
from mutation.outcomes import Outcomes
from mutation.reach import Reach, within
from mutation.recording import KEPT, Recording, units
from mutation.report import Tried, figures, stale
from mutation.trial import UNREACHED, Outcome, Trial

_AIM = 0.85


def main() -> int:
    """Run it as the command line says; return the exit code."""
    asked = _arguments()
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that children are ended too
    suite.preload()
    record(asked.lanes, fresh=asked.record)
    reach = Reach(units())
    for test in reach.red:
        say(f"red without a mutation, so not used: {test}")
    tried = sorted(_tried(asked, reach), key=lambda one: one.number)
    known = reasons()
    lines = [one.text(known) for one in tried]
    lines += [f"explained, but killed: {one}" for one in stale(tried, known)]
    lines += [figures(tried, known), f"seed {asked.seed}, {time.monotonic() - begun:.0f} s"]
    (KEPT / "report.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    say("\n".join(lines[len(tried) :]))
    return 0 if _good(tried, known) else 1


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def record(lanes: int, *, fresh: bool) -> None:
    """Record the units whose text has changed, or all."""
    owed = [Recording(one) for one in units() if fresh or not one.is_recorded()]
    for number, done in enumerate(in_lanes(owed, lanes), 1):
        say(f"recorded {number} of {len(owed)}: {done.unit.name}")


def _tried(asked: argparse.Namespace, reach: Reach) -> list[Tried]:
    outcomes = Outcomes(reach, asked.resume)
    known, done, owed = reasons(), list[Tried](), list[Trial]()
    numbers: dict[int, int] = {}
    for number, (place, source) in enumerate(chosen(asked.seed, asked.places, asked.only), 1):
        candidates = reach.candidates(place, source)
        tests = within(candidates, asked.budget)
        outcome = outcomes.of(key_of(place, source), source, tests)
        if not tests:
            outcome = Outcome(UNREACHED)
        if outcome is None:
            owed.append(Trial(place, source, tests, len(candidates) - len(tests)))
            numbers[id(owed[-1])] = number
        else:
            done.append(Tried(number, place, source, outcome))
    say(f"{len(done)} known, {len(owed)} to try")
    for trial in in_lanes(owed, asked.lanes):
        assert trial.outcome is not None
        one = Tried(numbers[id(trial)], trial.place, trial.source, trial.outcome)
        outcomes.keep(one.key, trial.source, trial.tests, trial.outcome)
        done.append(one)
        say(one.text(known))
    return done


def _good(tried: list[Tried], known: dict[tuple[str, str, str, str], str]) -> bool:
    killed = [one for one in tried if one.killed]
    rest = [one for one in tried if not one.killed and one.key not in known]
    return not rest and len(killed) >= _AIM * len(tried) and not stale(tried, known)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--places", type=int, default=200, help="how many mutants")
    parser.add_argument("--only", choices=ROOMS, help="mutants of this room alone")
    parser.add_argument("--lanes", type=int, default=2, help="processes at once")
    parser.add_argument("--budget", type=float, default=1e9, help="seconds of tests per mutant")
    parser.add_argument("--record", action="store_true", help="record all tests anew")
    parser.add_argument("--resume", action="store_true", help="take over outcomes of earlier runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
