"""Every code in every template, skill, page and table of this house is valid in its book."""

import re
from pathlib import Path

import pytest

from healthsim.codes.classify import classify
from healthsim.codes.icd10cm import COMBINATIONS, EXCLUDES, icd10cm

HOUSE = Path(__file__).parents[2]
PLACES = ("templates/**/*.json", "skills/**/*.md", "docs/**/*.md", "README.md", "server/**/*.csv")
SHAPES = {
    "icd10cm": r"(?<![\w.\-])[A-Z][0-9][0-9A-Z]\.[0-9A-Z]{1,4}(?!\w)",
    "loinc": r"(?<![\w.\-/:])[0-9]{3,6}-[0-9](?![\w.\-])",
    "hcpcs": r"(?<![\w.\-#])[A-EGHJ-MPQRSTV][0-9]{4}(?!\w)",
}
PATHS = [path for place in PLACES for path in sorted(HOUSE.glob(place))]


def _without_slips(text: str) -> str:
    """Leave out the lines that show what is said of a wrong code."""
    return "\n".join(line for line in text.splitlines() if "codes classify" not in line)


@pytest.mark.slow
@pytest.mark.parametrize("system", SHAPES)
def test_every_stated_code_is_valid(system: str) -> None:
    paths = PATHS if system == "icd10cm" else [path for path in PATHS if path.suffix != ".csv"]
    written = {
        (code, str(path.relative_to(HOUSE)))
        for path in paths
        for code in re.findall(SHAPES[system], _without_slips(path.read_text(encoding="utf-8")))
    }
    unknown = {
        code for code in {code for code, _ in written}
        if not (system == "icd10cm" and icd10cm().begins(code))
        and classify(system, code).status != "valid"
    }  # fmt: skip
    wrong = [where for where in sorted(written) if where[0] in unknown]

    assert len(written) > 20
    assert wrong == []


def test_every_rule_of_codes_that_belong_or_clash_speaks_of_codes() -> None:
    said = {prefix for pair in EXCLUDES for prefix in pair}
    for rule in COMBINATIONS:
        said |= {rule.code, rule.becomes, *rule.with_, *rule.unless}

    assert all(icd10cm().begins(prefix[:3]) for prefix in said)
    assert all(rule.becomes in icd10cm() for rule in COMBINATIONS)
