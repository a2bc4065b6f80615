"""A real FHIR server loads bundles of five scenarios and answers searches: part of `make judges`.

    PYTHONPATH=tests:server python -m judges.fhir_server [PEOPLE]

HAPI's JPA server, from Maven into .judges/server. It keeps references: what points at nothing is
refused. What it answers is compared with SQL over the scenario's own tables.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from healthsim.operations import exporting, generate, scenarios
from healthsim.operations.home import Home
from healthsim.persistence.database import open_read
from judges.fhir import RUNS
from template_runs import job_of

PEOPLE = 40
"""Of each scenario: 200 in all."""
_HERE = Path(__file__).parent
_WORK = _HERE.parents[1] / ".judges" / "server"
_MINUTES = 10
_CLASSES = "encounter_class IN ('inpatient', 'snf')"
QUESTIONS = (
    (
        "Observation", {},
        "SELECT 'code', 'http://loinc.org|' || loinc, count(*) FROM lab_results GROUP BY loinc "
        "ORDER BY 3 DESC, 2 LIMIT 3",
    ),
    (
        "Condition", {"category": "problem-list-item,health-concern"},
        "SELECT 'code', 'http://hl7.org/fhir/sid/icd-10-cm|' || code, count(*) FROM conditions "
        "GROUP BY code ORDER BY 3 DESC, 2 LIMIT 3",
    ),
    (
        "Patient", {"birthdate": "lt1960-01-01"},
        "SELECT 'gender', CASE gender WHEN 'F' THEN 'female' ELSE 'male' END, count(*) "
        "FROM patients WHERE gender IN ('F', 'M') AND birth_date < DATE '1960-01-01' GROUP BY 2",
    ),
    (
        "Encounter", {},
        "SELECT 'subject', 'Patient/p' || person_id, count(*) FROM encounters GROUP BY person_id "
        "ORDER BY 3 DESC, 2 LIMIT 3",
    ),
    (
        "MedicationRequest", {},
        "SELECT 'code', 'http://www.nlm.nih.gov/research/umls/rxnorm|' || rxnorm, count(*) "
        "FROM prescriptions WHERE rxnorm IS NOT NULL GROUP BY rxnorm ORDER BY 3 DESC, 2 LIMIT 3",
    ),
)  # fmt: skip
"""Type of resource, fixed parameters, and SQL: a parameter, its value, and the count wanted."""


def main(people: int = PEOPLE) -> None:
    """Judge; end with 1 where a bundle is refused or an answer differs."""
    for program in ("java", "javac", "mvn"):
        if not shutil.which(program):
            sys.exit(f"there is no {program}: install Java 17 and Maven")
    _build()
    faults: list[str] = []
    for profile, journeys in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            faults += _judged(Path(folder), profile, journeys, people)
    for fault in faults[:50]:
        print(fault)  # noqa: T201  the result
    sys.exit(bool(faults))


def _judged(folder: Path, profile: str, journeys: tuple[str, ...], people: int) -> list[str]:
    """Load a scenario's bundles into an empty server, and compare what it answers."""
    home = Home(folder / "home")
    run = generate.run(home, job_of(profile, journeys, people))
    scenarios.save_run(home, run.run_id, "judged")
    files = exporting.export_to(home, "judged", folder / "out", "fhir-bundles").files
    bundles = [file for file in files if file.name.startswith(("directory", "p"))]
    with _server() as address:
        began = time.monotonic()
        faults = [fault for file in sorted(bundles) for fault in _loaded(address, file)]
        seconds = time.monotonic() - began
        answers = list(_answers(address, scenarios.path(home, "judged")))
    faults += [answer for answer, right in answers if not right]
    print(  # noqa: T201  the result
        f"{profile}: {len(bundles)} bundles in {seconds:.0f} s, {len(answers)} searches, "
        f"{len(faults)} faults"
    )
    return [f"{profile}: {fault}" for fault in faults]


def _loaded(address: str, file: Path) -> list[str]:
    """Send a bundle; return what the server has against it."""
    request = Request(address, file.read_bytes(), {"Content-Type": "application/fhir+json"})
    try:
        with urlopen(request, timeout=60 * _MINUTES) as answer:
            entries = json.load(answer)["entry"]
    except HTTPError as error:
        return [f"{file.name}: {error.code} {error.read(2000).decode(errors='replace')}"]
    status = [entry["response"]["status"] for entry in entries]
    return [f"{file.name}: {one}" for one in status if not one.startswith("201")]


def _answers(address: str, path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each question with the answers of both, and whether they agree."""
    with open_read(path) as connection:
        for kind, fixed, query in QUESTIONS:
            rows: Sequence[tuple[str, str, int]] = connection.execute(query).fetchall()
            for name, value, wanted in rows:
                asked = urlencode({**fixed, name: value, "_summary": "count"})
                with urlopen(f"{address}/{kind}?{asked}", timeout=60) as answer:
                    got = json.load(answer)["total"]
                yield f"{kind}?{asked}: {got}, and the scenario has {wanted}", got == wanted


@contextmanager
def _server() -> Iterator[str]:
    """Start an empty server; yield its address."""
    command = ["java", "-Xmx4g", "-cp", "out:lib/*", "FhirServer"]
    with (
        (_WORK / "server.log").open("w") as log,
        subprocess.Popen(
            command, cwd=_WORK, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("LISTENING "):
                    break
            else:
                sys.exit(f"the server did not start: see {_WORK / 'server.log'}")
            _drain(process)
            yield f"http://127.0.0.1:{int(line.split()[1])}"
        finally:
            process.kill()


def _drain(process: subprocess.Popen[str]) -> None:
    """Read on what the server writes, so that it never waits for its reader."""
    threading.Thread(target=lambda: process.stdout and process.stdout.read(), daemon=True).start()


def _build() -> None:
    """Fetch the server and compile its start, once."""
    _WORK.mkdir(parents=True, exist_ok=True)
    source = _HERE / "server"
    if not (_WORK / "lib").is_dir():
        fetch = ["mvn", "-q", "-B", "-f", str(source / "pom.xml"), "dependency:copy-dependencies"]
        subprocess.run([*fetch, f"-DoutputDirectory={_WORK / 'lib'}"], check=True)
    java = str(source / "FhirServer.java")
    subprocess.run(["javac", "-cp", "lib/*", "-d", "out", java], cwd=_WORK, check=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
