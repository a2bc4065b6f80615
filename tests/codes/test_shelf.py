import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthsim.codes import books, imported_books, listing
from healthsim.codes.search import search
from healthsim.errors import StorageError
from healthsim.products.reference import built_in


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a shelf; the shelf is empty again after the test."""
    yield tmp_path / "books"
    imported_books.open_shelf(tmp_path / "none")


def put(folder: Path, system: str, words: str, harm: dict[str, object] | None = None) -> None:
    """Put a book on a shelf as an import would."""
    folder.mkdir(exist_ok=True)
    (folder / f"{system}-1.txt").write_text(words, encoding="utf-8", newline="\n")
    about = {
        "source": "made-up.txt", "version": "2027", "text": f"{system}-1.txt",
        "sha256": hashlib.sha256(words.encode()).hexdigest(), "rows": words.count("\n"),
        "bytes": len(words.encode()), "checks": {},
    }  # fmt: skip
    (folder / f"{system}.json").write_text(json.dumps(about | (harm or {})), encoding="utf-8")


def test_an_imported_code_is_valid_and_found_and_those_built_in_stay(folder: Path) -> None:
    put(folder, "hcpcs", "G9999\tA made-up service\nG0439\tYearly visit\n")
    imported_books.open_shelf(folder)

    assert books.hcpcs().display("G9999") == "A made-up service"
    assert books.hcpcs().display("G0439") == "Yearly visit"
    assert books.hcpcs().rows["G0439"].category == "wellness"
    assert "A4253" in books.hcpcs()
    assert [hit.code for hit in search("made-up service", ["hcpcs"], 1).hits] == ["G9999"]


def test_a_supply_whose_last_day_is_known_is_no_longer_held(folder: Path) -> None:
    put(folder, "hcpcs", "G0439\tYearly visit\tuntil=2026-12-31\n")
    imported_books.open_shelf(folder)

    assert "G0439" not in books.hcpcs()


def test_an_imported_group_has_its_own_weight_and_stay(folder: Path) -> None:
    put(folder, "drg", "470\tHIP OR KNEE\tweight=1.5;stay=1.25;kind=surgical;year=2027\n")
    imported_books.open_shelf(folder)

    row = books.drg().find("470", "drg")
    assert (row.weight, row.gmlos_days, row.fiscal_year) == (1.5, 1.25, 2027)


def test_a_new_taxonomy_code_has_the_specialty_of_its_trade(folder: Path) -> None:
    put(folder, "taxonomy", "207RZ9999X\tMade up\tkind=person;trade=internal medicine\n"
                        "999Z00000X\tNew trade\tkind=person;trade=dreaming\n")  # fmt: skip
    imported_books.open_shelf(folder)

    assert books.nucc().find("207RZ9999X", "taxonomy").specialty == "internal medicine"
    assert books.nucc().find("999Z00000X", "taxonomy").specialty == "dreaming"


def test_a_cpt_number_has_words_only_once_a_list_is_imported(folder: Path) -> None:
    assert len(books.cpt()) == 0
    put(folder, "cpt", "12345\tOur words\n")
    imported_books.open_shelf(folder)

    assert [hit.display for hit in search("12345", ["cpt"]).hits] == ["Our words"]


def test_the_version_of_a_book_is_part_of_the_reference(folder: Path) -> None:
    before = built_in()
    put(folder, "cpt", "12345\tOur words\n")
    imported_books.open_shelf(folder)

    assert before.versions == {}
    assert list(built_in().versions) == ["book cpt"]
    assert built_in().directory is before.directory


def test_without_imported_books_the_built_in_ones_are_used_again(
    folder: Path, tmp_path: Path
) -> None:
    put(folder, "hcpcs", "G9999\tA made-up service\n")
    imported_books.open_shelf(folder)
    imported = "G9999" in books.hcpcs()
    imported_books.open_shelf(tmp_path / "none")

    assert imported
    assert "G9999" not in books.hcpcs()


@pytest.mark.parametrize("harm", [{"bytes": 3}, {"text": "gone.txt"}, {"rows": "many"}])
def test_a_damaged_book_is_refused_with_the_mend(folder: Path, harm: dict[str, object]) -> None:
    put(folder, "hcpcs", "G9999\tA made-up service\n", harm)

    with pytest.raises(StorageError, match="import the book again, or remove that file"):
        imported_books.open_shelf(folder)


@pytest.mark.slow
def test_every_book_is_listed_with_its_source_version_and_licence(folder: Path) -> None:
    put(folder, "hcpcs", "G9999\tA made-up service\n")
    imported_books.open_shelf(folder)
    found = {one.system: one for one in listing.list_books()}

    assert all(one.title and one.source and one.licence for one in found.values())
    assert (found["hcpcs"].imported, found["hcpcs"].version) == ("made-up.txt", "2027")
    assert found["drg"].rows == len(books.drg())
    assert found["drg"].imported == ""
