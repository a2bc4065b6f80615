"""What a report concludes agrees with what the person has on the day, side and results included."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.codes.icd10cm import icd10cm
from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.findings import Measured, Studied, conclusions
from healthsim.execution.sync.chart.notes.surgery import is_operation
from healthsim.medicine.conclusions import _groups, filled, matches, side_of, slots_of
from healthsim.medicine.datafiles import rows
from healthsim.medicine.studies import study_of
from healthsim.tables import Coded, Columns

ENCOUNTER, DAY = 901, 20_000


def concluded(
    group: str,
    visit: tuple[str, ...] = (),
    chart: tuple[tuple[str, int, int], ...] = (),
    results: tuple[tuple[str, float], ...] = (),
    done: tuple[tuple[str, int], ...] = (),
    *,
    one_side: bool = False,
) -> tuple[str | None, str | None]:
    """Return conclusion and code of one study on `DAY` of a person with these diagnoses."""
    studied = Studied(
        np.array([1]), np.array([ENCOUNTER]), np.array([DAY]), Coded.of([group]),
        np.array([one_side]),
    )  # fmt: skip
    tables: dict[str, Columns] = {
        "encounter_diagnoses": {
            "encounter_id": np.full(len(visit), ENCOUNTER),
            "sequence": np.arange(1, len(visit) + 1, dtype=np.int32),
            "code": Coded.of([*visit]),
        },
        "conditions": {
            "person_id": np.ones(len(chart), dtype=np.int64),
            "code": Coded.of([code for code, _, _ in chart]),
            "onset_date": np.array([onset for _, onset, _ in chart], dtype=np.int32),
            "abatement_date": np.array([ended for _, _, ended in chart], dtype=np.int32),
        },
        "procedures": {
            "person_id": np.ones(len(done), dtype=np.int64),
            "code": Coded.of([code for code, _ in done]),
            "performed_date": np.array([day for _, day in done], dtype=np.int32),
        },
    }
    measured = Measured(
        np.zeros(len(results), dtype=np.int64),
        Coded.of([code for code, _ in results]),
        np.array([value for _, value in results], dtype=np.float64),
    )
    text, code = conclusions(studied, measured, tables)
    return text.texts()[0], code.texts()[0]


def test_without_a_finding_every_part_is_normal() -> None:
    normal = "Lungs are clear. No pleural effusion or pneumothorax. Heart size is normal."
    assert concluded("chest_film") == (normal, None)


def test_a_film_after_an_opened_chest_shows_its_wires_and_the_lines_while_they_are_in() -> None:
    for code in ("02100Z9", "33533"):
        said = [concluded("chest_film", done=((code, DAY - days),))[0] for days in (0, 1, 2, 4, 90)]
        assert ["wires" in str(one) for one in said] == [False, True, True, True, True]
        assert ["chest tubes" in str(one) for one in said] == [False, True, True, False, False]
        assert ["effusion without" in str(one) for one in said] == [False, True, True, True, False]


def test_a_film_after_bypasses_tells_of_a_pacemaker_and_a_valve_too() -> None:
    said, _ = concluded("chest_film", ("Z95.0", "Z95.1"), done=(("33533", DAY - 90),))
    assert said is not None
    assert "Cardiac device" in said
    assert "Sternotomy wires" in said


def test_an_operation_that_leaves_nothing_in_the_chest_is_not_seen_on_a_film() -> None:
    for code in ("27447", "J9190"):
        assert concluded("chest_film", done=((code, DAY - 1),)) == concluded("chest_film")


def test_a_finding_stands_in_place_of_what_is_normal_and_gives_the_code() -> None:
    text, code = concluded("chest_film", ("J18.9",))
    assert text is not None
    assert "in keeping with pneumonia" in text
    assert "clear" not in text
    assert code == "J18.9"


def test_a_condition_counts_on_its_days_only() -> None:
    sick = "Focal airspace opacity, in keeping with pneumonia."
    for onset, ended, told in (
        (DAY, int(NO_DAY), True), (DAY - 5, DAY, True), (DAY + 1, int(NO_DAY), False),
        (DAY - 5, DAY - 1, False),
    ):  # fmt: skip
        text, _ = concluded("chest_film", (), (("J18.9", onset, ended),))
        assert (sick in str(text)) == told


def test_what_is_acute_is_told_of_the_visit_only() -> None:
    now, _ = concluded("ekg", ("I21.11",))
    before, _ = concluded("ekg", ("I10",), (("I21.11", DAY - 9, int(NO_DAY)),))
    assert "inferior leads" in str(now)
    assert "Evolving change" in str(before)


def test_a_film_of_one_side_tells_of_the_side_that_the_visit_is_for() -> None:
    both = (("Z96.651", DAY - 900, int(NO_DAY)), ("M17.12", DAY - 9, int(NO_DAY)))
    left, code = concluded("knee", ("M17.12", "Z96.651"), both, one_side=True)
    right, _ = concluded("knee", ("Z47.1", "Z96.651"), both, one_side=True)
    assert "left knee" in str(left)
    assert "right" not in str(left)
    assert code == "M17.12"
    assert "Prosthesis of the right knee" in str(right)
    assert "left" not in str(right)


def test_a_fracture_that_heals_is_told_apart_from_a_new_one() -> None:
    new, _ = concluded("ankle", ("S82.61XA",), one_side=True)
    old, _ = concluded("ankle", ("S82.61XD",), one_side=True)
    assert str(new).startswith("Fracture of the right ankle.")
    assert str(old).startswith("Healing fracture of the right ankle")


def test_results_of_the_report_outweigh_codes_and_are_quoted() -> None:
    heart = (("I50.22", DAY - 900, int(NO_DAY)),)
    for value, words in ((35.0, "35 %, reduced"), (45.0, "45 %, mildly reduced"),
                         (60.0, "60 %, normal")):  # fmt: skip
        text, _ = concluded("echo", (), heart, (("10230-1", value),))
        assert words in str(text)
    text, code = concluded("echo", (), heart)
    assert "ejection fraction is reduced" in str(text)
    assert code == "I50.22"
    assert "T-score -2.6, in the range of osteoporosis" in str(
        concluded("dxa", results=(("38265-5", -2.6),))[0]
    )


def test_studies_of_a_chunk_do_not_mix() -> None:
    alone = [concluded(group, (code,)) for group, code in
             (("chest_film", "J93.11"), ("head", "I61.9"))]  # fmt: skip
    studied = Studied(
        np.array([1, 2]), np.array([901, 902]), np.array([DAY, DAY]),
        Coded.of(["chest_film", "head"]), np.zeros(2, dtype=np.bool_),
    )  # fmt: skip
    none = np.zeros(0, dtype=np.int64)
    tables: dict[str, Columns] = {
        "encounter_diagnoses": {
            "encounter_id": np.array([901, 902]), "sequence": np.array([1, 1], dtype=np.int32),
            "code": Coded.of(["J93.11", "I61.9"])},
        "conditions": {"person_id": none, "code": Coded.of([]), "onset_date": none,
                       "abatement_date": none},
        "procedures": {"person_id": none, "code": Coded.of([]), "performed_date": none},
    }  # fmt: skip
    text, code = conclusions(studied, Measured(none, Coded.of([]), np.zeros(0)), tables)
    assert list(zip(text.texts(), code.texts(), strict=True)) == alone


def is_of_heart(code: str) -> bool:
    """Tell whether a beginning of a code is of open heart surgery, ICD-10-PCS or CPT."""
    by_hospitals = code[:2] == "02" and code[4:] == "0"
    return by_hospitals or (is_operation(code) and 33400 <= int(code) <= 33536)


@pytest.mark.slow
def test_every_sentence_is_of_a_code_of_the_book_and_every_group_of_a_study() -> None:
    known = {code[:length] for code in icd10cm().rows for length in range(1, len(code) + 1)}
    unknown = {
        pattern
        for group in _groups() for slot in slots_of(group)
        for variant in slot.variants for pattern in variant.codes
        if not (is_of_heart(pattern) if variant.operation else pattern.partition("/")[0] in known)
    }  # fmt: skip
    assert unknown == set()
    studies = {row["group"] for row in rows("studies.csv")} - {""}
    assert studies | {"ejection"} == _groups().keys()


def test_words_of_sides_and_names_come_from_the_code() -> None:
    assert [side_of(code) for code in ("M17.11", "M17.12", "M17.0", "J18.9", "X")] == [
        1,
        2,
        3,
        0,
        0,
    ]
    assert (
        filled("Known {name}.", 0, "C18.7", "", 0) == "Known malignant neoplasm of sigmoid colon."
    )
    assert matches("knee", "J18.9") == ()


def test_the_longest_beginning_of_a_code_says_what_a_procedure_is() -> None:
    assert study_of("CPT", "71046").group == "chest_film"
    assert study_of("CPT", "77263").kind == ""
    assert study_of("CPT", "27447") == study_of("CPT", "1")
    assert study_of("HCPCS", "J9190").kind == ""
    assert study_of("ICD-10-PCS", "B2111ZZ").group == "catheter"
