"""Runs MCP's conformance suite against the product, alone and with fixtures."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from conformance import peers

REVISIONS = ("2026-07-28", "2025-11-25")
SKILLS = tuple(f"sep-2640-skills-{part}" for part in ("enumeration", "manifest", "directory"))
_SCENARIO = re.compile(r"^[✓✗] ([a-z0-9-]+): (\d+) passed, (\d+) failed", re.MULTILINE)
_CHECKS = re.compile(r"Passed: (\d+)/(\d+), (\d+) failed, (\d+) warnings")
_FOLDER = Path(__file__).parent


@dataclass
class Result:
    """What came out of one part: a line of figures, and whether it is as it must be."""

    line: str
    fine: bool
    said: str


def scored(revision: str) -> list[str]:
    """Return the scenarios of a revision that count."""
    text = (peers.SUITE / "requirements" / f"{revision}.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["server"])


def against(url: str, revision: str, name: str, *more: str) -> Result:
    """Run the scenarios of a revision, and count those that are scored."""
    with peers.empty_home() as out:
        program = peers.SUITE / "dist/index.js"
        done = peers.run(
            program, "server", "--url", url, "--requirements", revision, "-o", str(out), *more
        )
    found = {scenario: (int(passed), int(failed))
             for scenario, passed, failed in _SCENARIO.findall(done.stdout)}  # fmt: skip
    counted = [found[scenario] for scenario in scored(revision) if scenario in found]
    whole = sum(failed == 0 for _, failed in counted)
    passed, failed = (sum(figures) for figures in zip(*counted, strict=True)) if counted else (0, 0)
    line = f"{name}, {revision}: {whole} of {len(scored(revision))} scored scenarios, "
    line += f"{passed} of {passed + failed} checks"
    # With a baseline the suite itself judges; without one, every scored scenario must pass.
    fine = done.returncode == 0 if more else whole == len(scored(revision))
    return Result(line, fine, done.stdout[-4_000:] + done.stderr[-2_000:])


def skills(url: str) -> list[Result]:
    """Run the scenarios of the Skills extension."""
    results = []
    for scenario in SKILLS:
        with peers.empty_home() as out:
            arguments = ("--scenario", scenario, "--force", "-o", str(out))
            done = peers.run(peers.SUITE / "dist/index.js", "server", "--url", url, *arguments)
        checks = _CHECKS.search(done.stdout)
        fine = checks is not None and checks[1] == checks[2] and checks[4] == "0"
        figures = f"{checks[1]} of {checks[2]} checks" if checks else "no result"
        results.append(Result(f"the product, {scenario}: {figures}", fine, done.stdout[-4_000:]))
    return results


def main() -> int:
    """Run all parts, print their figures, and return how many are not as they must be."""
    peers.install()
    results: list[Result] = []
    with peers.empty_home() as home:
        product = ("healthsim", "--home", str(home), "serve", "--http", "127.0.0.1:0")
        with peers.serving(*product) as url:
            for revision in REVISIONS:
                baseline = str(_FOLDER / f"bare-{revision}.yml")
                bare = against(url, revision, "the product", "--expected-failures", baseline)
                bare.line += f"; the others need what {Path(baseline).name} says"
                results.append(bare)
            results += skills(url)
        with peers.serving("conformance.fixture_server", str(home)) as url:
            results += [against(url, revision, "with fixtures") for revision in REVISIONS]
    for result in results:
        print(f"{'ok  ' if result.fine else 'FAIL'} {result.line}")
        if not result.fine:
            print(result.said)
    return sum(not result.fine for result in results)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
