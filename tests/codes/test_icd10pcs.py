import gzip
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from healthsim.codes import books
from healthsim.codes.classify import classify
from healthsim.codes.icd10pcs import icd10pcs
from healthsim.codes.links import conditions
from healthsim.codes.procedures import procedure_system
from healthsim.codes.search import search
from healthsim.errors import NotFound

FILE = Path(books.__file__).parent / "data" / "icd10pcs.txt.gz"
TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.mark.slow
def test_every_procedure_has_its_shape_and_a_title_and_stands_in_order() -> None:
    lines = [line.split("\t") for line in gzip.decompress(FILE.read_bytes()).decode().splitlines()]

    assert len(lines) == len(icd10pcs()) > 79_000
    assert all(first[0] < second[0] for first, second in pairwise(lines))
    assert all(procedure_system(code) == "ICD-10-PCS" and title for code, title in lines)
    assert FILE.stat().st_size < 1_000_000


def test_a_procedure_is_found_shown_and_missed() -> None:
    book = icd10pcs()

    assert "0SRD0J9" in book
    assert "0SRD0J8" not in book
    assert book.find("4A023N7", "here").display.startswith("Measurement of Cardiac Sampling")
    with pytest.raises(NotFound, match="did you mean '0SRD0J9'"):
        book.find("0SRD0J8", "details.icd10pcs")


def test_a_wrong_procedure_is_refused_with_those_likely_meant() -> None:
    assert classify("icd10pcs", "0SRD0J9").status == "valid"
    assert classify("icd10pcs", "0srd0j8").suggestions[0] == "0SRD0J9"
    assert classify("icd10pcs", "OSRDOJ9").mend == "write '0SRD0J9'"
    assert classify("icd10pcs", "E11.9").status == "wrong_system"
    assert classify("icd10cm", "0SRD0J9").found_in == "icd10pcs"


@pytest.mark.slow
def test_words_lead_to_procedures_only_where_they_are_asked_for() -> None:
    assert search("knee joint replacement", ["icd10pcs"]).hits[0].code.startswith("0SR")
    assert all(hit.system != "icd10pcs" for hit in search("knee joint replacement").hits)


def test_the_procedures_of_templates_and_of_what_goes_together_exist() -> None:
    said = " ".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.json"))
    lists = re.findall(r'"icd10pcs": (\[[^\]]*\])', said)
    codes = {code for each in lists for code in json.loads(each)}
    linked = {one for row in conditions().values() for one in row.procedures if len(one) == 7}

    assert len(codes) > 5
    assert {code for code in codes | linked if code not in icd10pcs()} == set()
