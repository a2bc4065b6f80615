"""HAPI's validator over FHIR exports of five scenarios: `make judges`.

    PYTHONPATH=tests:server python -m judges.fhir

It needs Java 17 and Maven, and `HEALTHSIM_FHIR_PACKAGES`: a folder with the package of US Core.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from healthsim.operations import exporting, generate, scenarios
from healthsim.operations.home import Home
from template_runs import job_of

GUIDE = "us_core_610.tgz"
PEOPLE = 200
PROCESSES = 2
"""Each judges some of the scenarios."""
LIMIT = 400
"""Resources of each file that are judged."""
RUNS = (
    ("commercial-maternity", ("pregnancy",)),
    ("medicare-advantage-complex", ("heart-failure-exacerbation", "annual-enrolment")),
    ("medicare-diabetic", ("diabetic-annual",)),
    ("medicaid-pediatric", ("pediatric-asthma-year", "well-child-schedule")),
    ("medicare-general", ("surgical-episode",)),
)
_HERE = Path(__file__).parent
_WORK = _HERE.parents[1] / ".judges"


def main() -> None:
    """Judge; end with 1 where a resource has an error, or where something is missing."""
    guide = Path(os.environ.get("HEALTHSIM_FHIR_PACKAGES", "")) / GUIDE
    if not guide.is_file():
        sys.exit(f"HEALTHSIM_FHIR_PACKAGES names no folder with {GUIDE}: the package of US Core")
    for program in ("java", "javac", "mvn"):
        if not shutil.which(program):
            sys.exit(f"there is no {program}: install Java 17 and Maven")
    _build(guide)
    with tempfile.TemporaryDirectory() as folder:
        folders = [str(exported(Path(folder), profile, journeys)) for profile, journeys in RUNS]
        judges = [_judge(folders[first::PROCESSES]) for first in range(PROCESSES)]
        failed = [judge.wait() != 0 for judge in judges]
    sys.exit(any(failed))


def _judge(folders: list[str]) -> subprocess.Popen[bytes]:
    """Begin to judge exports; it ends with 1 where a resource has an error."""
    return subprocess.Popen(
        ["java", "-Xmx3g", "-cp", "lib/*:out:.", "FhirJudge", GUIDE, str(LIMIT), *folders],
        cwd=_WORK,
    )


def _build(guide: Path) -> None:
    """Fetch the validator and compile the judge, once."""
    _WORK.mkdir(exist_ok=True)
    shutil.copyfile(guide, _WORK / GUIDE)
    if not (_WORK / "lib").is_dir():
        fetch = ["mvn", "-q", "-B", "-f", str(_HERE / "pom.xml"), "dependency:copy-dependencies"]
        subprocess.run([*fetch, f"-DoutputDirectory={_WORK / 'lib'}"], check=True)
    source = str(_HERE / "FhirJudge.java")
    subprocess.run(["javac", "-cp", "lib/*", "-d", "out", source], cwd=_WORK, check=True)


def exported(folder: Path, profile: str, journeys: tuple[str, ...]) -> Path:
    """Make a scenario and export it; return the export's folder."""
    home = Home(folder / f"home-{profile}")
    run = generate.run(home, job_of(profile, journeys, PEOPLE))
    scenarios.save_run(home, run.run_id, "judged")
    return exporting.export_to(home, "judged", folder / profile, "fhir").folder


if __name__ == "__main__":
    main()
