"""Importing code books: their publishers' forms, what is refused, and what an import changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from healthsim.codes import books as built
from healthsim.codes import imported_books
from healthsim.codes.classify import classify
from healthsim.codes.drugs import ndc, rxnorm
from healthsim.codes.loinc import loinc
from healthsim.codes.search import search
from healthsim.errors import NotFound, Refused
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations import reference
from healthsim.operations.home import Home
from healthsim.reference.store import ImportRecord

LOINC = (
    "LOINC_NUM,COMPONENT,CLASS,CLASSTYPE,LONG_COMMON_NAME,STATUS,VersionLastChanged,"
    "EXAMPLE_UCUM_UNITS\n"
)
TESTED = LOINC + '99998-3,x,CHEM,1,"Made-up test, in Serum",ACTIVE,2.81,mg/dL;mmol/L\n'


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return a home; the shelf is empty again after the test."""
    yield Home(tmp_path / "home")
    imported_books.open_shelf(tmp_path / "none")


def bring(home: Home, kind: str, name: str, text: str | bytes, as_of: str = "") -> ImportRecord:
    """Import a file of that name and text, and open the shelf as a new process would."""
    file = home.folder.parent / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = reference.import_file(home, kind, file, as_of=as_of)
    imported_books.open_shelf(home.books)
    return done


def order_file(rows: Sequence[tuple[str, int, str]]) -> str:
    """Return an order file of ICD-10-CM as CMS ships it."""
    return "".join(
        f"{number:05} {code:7} {leaf} {text[:60]:60} {text}\r\n"
        for number, (code, leaf, text) in enumerate(rows, 1)
    )


NEWER = order_file([
    ("E11", 0, "Type 2 diabetes mellitus"),
    ("E119", 1, "Type 2 diabetes mellitus without complications"),
    ("E1197", 0, "Type 2 diabetes mellitus, made up"),
    ("E11971", 1, "Type 2 diabetes mellitus, made up, mild"),
    ("I10", 1, "Essential (primary) hypertension"),
    ("QZ1", 1, "Made-up disorder whose code has a letter in second place"),
])  # fmt: skip


@pytest.fixture(scope="module")
def newer_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, ImportRecord]]:
    home = Home(tmp_path_factory.mktemp("newer") / "home")
    yield home, bring(home, "icd10cm", "icd10cm-order-2027.txt", NEWER)
    imported_books.open_shelf(home.folder / "none")


@pytest.fixture
def newer(newer_home: tuple[Home, ImportRecord], tmp_path: Path) -> Iterator[ImportRecord]:
    """Open the shelf with the newer release of ICD-10-CM; it is empty again after the test."""
    home, done = newer_home
    imported_books.open_shelf(home.books)
    yield done
    imported_books.open_shelf(tmp_path / "none")


def hcpcs_record(code: str, kind: str, text: str, last: str = "") -> str:
    """Return one record of CMS's HCPCS file."""
    return f"{code:5}00100{kind}{text:80}{'short':28}".ljust(284) + f"{last:8}N"


def hypertension(**more: Any) -> dict[str, Any]:
    """Return a profile of ten people with one diagnosis."""
    return {"kind": "profile", "name": "ten", "count": 10, "products": ["patientsim"],
            "clinical": {"primary": {"code": "I10", "onset": {"years_before": 2}}},
            **more}  # fmt: skip


@pytest.mark.slow
def test_a_newer_release_brings_codes_and_retires_what_it_lacks(newer: ImportRecord) -> None:
    assert newer.vintage == "ICD-10-CM, release of 2026-10-01"
    assert newer.checks["new"] == 2
    assert classify("icd10cm", "QZ1").status == "valid"
    assert classify("icd10cm", "E11.971").status == "valid"
    assert classify("icd10cm", "E11.65").status == "retired"
    assert classify("icd10cm", "E11.97").status == "header"
    assert search("made up mild", ["icd10cm"]).hits[0].code == "E11.971"


@pytest.mark.slow
@pytest.mark.usefixtures("newer")
def test_a_new_diagnosis_runs_with_what_its_neighbours_have_alike() -> None:
    who = hypertension(as_of="2026-12-01")
    new = {"primary": {"code": "E11.971", "onset": {"years_before": 0}}}
    first = next(iter(chunks(prepare(who | {"clinical": new}))))

    assert set(first.tables["conditions"]["display"].texts()) == {
        "Type 2 diabetes mellitus, made up, mild"
    }
    assert set(first.tables["conditions"]["category"].texts()) == {"diabetes"}


@pytest.mark.slow
@pytest.mark.usefixtures("newer")
def test_a_retired_diagnosis_is_refused_in_specifications_of_a_later_time() -> None:
    old = {"primary": {"code": "E78.5", "onset": {"years_before": 0}}}

    with pytest.raises(Exception, match="retired after 2026-09-30"):
        prepare(hypertension(as_of="2026-12-01", clinical=old))


def test_a_book_is_part_of_a_runs_identity_by_its_version_alone(home: Home) -> None:
    without = prepare(hypertension())
    first = bring(home, "cpt", "mine.csv", "code,description\n12345,ours\n")
    once = prepare(hypertension())
    again = bring(home, "cpt", "other-name.csv", "code,description\n12345,ours\n")
    twice = prepare(hypertension())

    assert without.references == {}
    assert dict(once.references) == {"book cpt": first.digest}
    assert first.digest == again.digest
    assert once.key == twice.key != without.key


@pytest.mark.slow
def test_removing_a_book_goes_back_to_the_one_built_in(
    home: Home, newer_home: tuple[Home, ImportRecord]
) -> None:
    copytree(newer_home[0].folder, home.folder)
    imported_books.open_shelf(home.books)
    held = [one.name for one in reference.imported(home)]
    reference.remove(home, "icd10cm")
    imported_books.open_shelf(home.books)

    assert held == ["icd10cm"]
    assert classify("icd10cm", "E11.65").status == "valid"
    assert classify("icd10cm", "E11.971").status == "unknown"
    assert list(home.books.iterdir()) == []
    with pytest.raises(NotFound):
        reference.remove(home, "icd10cm")


def test_an_imported_test_runs_with_a_result_and_not_without(home: Home) -> None:
    bring(home, "loinc", "Loinc.csv", TESTED)
    lab = {"do": "event", "id": "lab", "type": "lab", "at": 5, "details": {"loinc": "99998-3"}}
    journey: dict[str, Any] = {"kind": "journey", "name": "one-lab", "duration_days": 30,
                               "phases": [{"name": "all", "steps": [lab]}]}  # fmt: skip

    with pytest.raises(Exception, match="no usual values of 99998-3 are known; give its result"):
        prepare(hypertension(), [journey])
    lab["details"] = {"loinc": "99998-3", "result": {"type": "uniform", "low": 1, "high": 2}}
    first = next(iter(chunks(prepare(hypertension(), [journey]))))
    labs = first.tables["lab_results"]
    assert set(labs["display"].texts()) == {"Made-up test, in Serum"}
    assert set(labs["unit"].texts()) == {"mg/dL"}
    assert set(labs["flag"].texts()) == {None}


def test_what_a_loinc_table_says_of_a_test_built_in_is_its_name_alone(home: Home) -> None:
    before = loinc().find("4548-4", "loinc")
    rows = "4548-4,x,HEM/BC,1,Our A1c,ACTIVE,2.80,mmol/mol\n1-8,x,CHEM,1,Old,DEPRECATED,2,\n"
    bring(home, "loinc", "Loinc.csv", LOINC + rows)

    assert loinc().find("4548-4", "loinc") == before._replace(display="Our A1c")
    assert "1-8" not in loinc()


def test_hcpcs_is_read_in_fixed_columns_and_as_a_sheet(home: Home) -> None:
    records = [
        hcpcs_record("G9999", "3", "A made-up service of"), hcpcs_record("G9999", "4", "two lines"),
        hcpcs_record("G0008", "3", "Flu shot", "20261231"), hcpcs_record("   A1", "7", "Modifier"),
    ]  # fmt: skip
    fixed = bring(home, "hcpcs", "HCPC2027_JAN_ANWEB.txt", "\r\n".join(records) + "\r\n")
    held = built.hcpcs()
    sheet = ("HCPC,SEQNUM,RECID,LONG DESCRIPTION,TERM DT\nG9999,1,3,A made-up service of,\n"
             "G9999,2,4,two lines,\nG0008,1,3,Flu shot,20261231\nA1,1,7,Modifier,\n")  # fmt: skip
    again = bring(home, "hcpcs", "HCPC2027_JAN_ANWEB.csv", sheet)

    assert held.display("G9999") == "A made-up service of two lines"
    assert "G0008" not in held
    assert fixed.digest == again.digest


def test_rxnorm_is_read_from_its_rich_release_format(home: Home) -> None:
    row = "{}|ENG||||||1||||{}|{}|x|{}||{}|4096|\n".format
    text = (row("999999", "RXNORM", "SCD", 'made-up 5 MG "Oral" Tablet', "N")
            + row("999999", "RXNORM", "SY", "another name", "N")
            + row("999998", "MTHSPL", "SU", "of another source", "N")
            + row("999997", "RXNORM", "SCD", "suppressed", "O"))  # fmt: skip
    bring(home, "rxnorm", "RXNCONSO.RRF", text)

    assert rxnorm().display("999999") == 'made-up 5 MG "Oral" Tablet'
    assert "999998" not in rxnorm()
    assert "999997" not in rxnorm()
    assert classify("rxnorm", "999999").status == "valid"


def test_ndc_products_and_packages_are_filled_up_to_their_digits(home: Home) -> None:
    head = "PRODUCTID\tPRODUCTNDC\tPROPRIETARYNAME\tNONPROPRIETARYNAME\tDOSAGEFORMNAME\n"
    bring(home, "ndc", "product.txt", head + "a\t0009-0123\tMadeup\tmadeupin\tTABLET\n")
    product = ndc().display("000090123")
    head = "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\n"
    bring(home, "ndc", "package.txt", head + 'a\t0009-0123\t0009-0123-01\t5 "blue" TABLETS\n')

    assert product == "madeupin tablet (Madeup)"
    assert ndc().display("00009012301") == '5 "blue" TABLETS'


def test_taxonomy_and_groups_are_read_as_published(home: Home) -> None:
    head = "Code,Grouping,Classification,Specialization,Definition,Notes,Display Name,Section\n"
    row = '207RZ9999X,A,Internal Medicine,Made up,"a, b",,Made-up Physician,Individual\n'
    done = bring(home, "taxonomy", "nucc_taxonomy_261.csv", head + row)
    titles = "TABLE 5, FY 2027 Final Rule\n"
    head = "MS-DRG\tMDC\tTYPE\tMS-DRG Title\tWeights\tGeometric mean LOS\n"
    rows = '470\t08\tSURG\t"HIP, KNEE"\t1.75\t1.5\n998\t**\t**\tNONE\t**\t**\n'
    bring(home, "msdrg", "Table 5.txt", titles + head + rows)

    assert done.vintage == "NUCC 26.1"
    assert built.nucc().find("207RZ9999X", "taxonomy").specialty == "internal medicine"
    row = built.drg().find("470", "drg")
    assert (row.display, row.weight, row.gmlos_days, row.kind, row.fiscal_year) == (
        "HIP, KNEE", 1.75, 1.5, "surgical", 2027,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name", "text", "said"),
    [
        ("icd10cm", "icd10cm-order-2027.txt", NEWER[:-80], r"line 6: the last line .* cut off"),
        ("icd10cm", "icd10cm-order-2027.txt", NEWER[:-3], r"line 6: the last line has no line end"),
        ("icd10cm", "icd10cm-order-2027.txt", NEWER + NEWER, r"line 7: code E11 is in it twice"),
        ("icd10cm", "icd10cm-order-2020.txt", NEWER, r"is the release of 2019-10-01"),
        ("icd10cm", "diagnoses.txt", NEWER, r"does not state its release; .*--as-of 2026-10-01"),
        ("icd10cm", "icd10cm-order-2027.txt", "a,b,c\n", r"line 1: .*as CMS ships them"),
        ("loinc", "Loinc.csv", TESTED.replace("LONG_COMMON_NAME", "NAME"),
         r"line 1: lacks 1 column of the LOINC table: LONG_COMMON_NAME"),
        ("loinc", "Loinc.csv", TESTED.replace(",", ";"), r"by semicolons, not commas"),
        ("loinc", "Loinc.csv", TESTED + "1-8,x,CHEM", r"line 3: the last line .* cut off"),
        ("loinc", "Loinc.csv", TESTED + '1-8,x,CHEM,1,"Cut', r"line 3: .*cut off"),
        ("loinc", "Loinc.csv", TESTED.replace("Made", "Mâde").encode("latin-1"),
         r"line 2, column LONG_COMMON_NAME: byte 0xE2 is not UTF-8 text"),
        ("loinc", "Loinc.csv", TESTED + TESTED.splitlines()[1] + "\r\n", r"line 3.*CR LF"),
        ("loinc", "Loinc.csv", TESTED + TESTED.splitlines()[1] + "\n", r"is also in line 2"),
        ("loinc", "Loinc.csv", TESTED.replace("99998-3", "E11.9"), r"not a LOINC code"),
        ("loinc", "Loinc.csv", LOINC, r"a header and no rows"),
        ("hcpcs", "HCPC2027.txt", hcpcs_record("G9999", "3", "x") + "\nG0008001",
         r"line 2: the last record is incomplete: the file is cut off"),
        ("hcpcs", "HCPC2027.txt", "x\n" * 20, r"is neither a HCPCS record nor a header"),
        ("rxnorm", "RXNCONSO.RRF", "1,ENG\n", r"has 1 of the 19 fields of RXNCONSO"),
        ("rxnorm", "RXNCONSO.RRF", "1|ENG||||||1||||MTH|SU|x|y||N|1|\n", r"has no code"),
        ("ndc", "product.txt", "PRODUCTID,PRODUCTNDC\n", r"by commas, not tabs"),
        ("cpt", "mine.csv", "code,description\n9921,office\n", r"line 2, column code: is '9921'"),
        ("cpt", "mine.csv", "", r"is empty"),
        ("msdrg", "t5.csv", "MS-DRG,TYPE,MS-DRG Title,Weights,Geometric mean LOS\n1,S,a,1,1\n",
         r"does not state its fiscal year"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_published_is_refused_and_nothing_changes(
    home: Home, kind: str, name: str, text: str | bytes, said: str
) -> None:
    bring(home, "cpt", "before.csv", "code,description\n12345,before\n")
    held = {path.name: path.read_bytes() for path in home.books.iterdir()}

    with pytest.raises(Refused, match=said):
        bring(home, kind, name, text)

    assert {path.name: path.read_bytes() for path in home.books.iterdir()} == held


def test_a_byte_order_mark_and_windows_line_ends_are_read(home: Home) -> None:
    plain = bring(home, "loinc", "Loinc.csv", TESTED)
    windows = bring(home, "loinc", "Loinc.csv", ("\ufeff" + TESTED).replace("\n", "\r\n"))

    assert plain.digest == windows.digest


def test_the_text_that_a_server_may_still_read_is_kept_until_the_next_import(home: Home) -> None:
    texts = []
    for words in ("one", "two", "three"):
        bring(home, "cpt", "mine.csv", f"code,description\n12345,{words}\n")
        texts.append({path.name for path in home.books.glob("*.txt")})

    assert [len(found) for found in texts] == [1, 2, 2]
    assert not texts[0] & texts[2]
