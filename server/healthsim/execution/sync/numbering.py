"""The number of every record that a run can make, settled before any person is drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS, Addresses, apart
from healthsim.billing.pharmacy.dispensing import most_writings, prescribing, series
from healthsim.codes.drugs import drugs
from healthsim.codes.exact_codes import other_side
from healthsim.codes.loinc import panel
from healthsim.dates import day_of
from healthsim.execution.people.conditions import address_of_both
from healthsim.execution.sync.claim_addresses import claim_addresses
from healthsim.execution.sync.coded_spans import suffixes
from healthsim.execution.timeline.birth_size import (
    FROM_PROFILE,
    codes_of_birth,
    measures_to_code,
    tells_birth,
)
from healthsim.medicine.charted import OPERATION, YES, charted
from healthsim.medicine.preexisting import preexisting
from healthsim.medicine.problems import begins_condition, family, usual_course
from healthsim.medicine.removals import removed_by, stated_after
from healthsim.medicine.safety import SafetyBook
from healthsim.medicine.stay_tests import MOST_CODES as MOST_TESTED
from healthsim.medicine.stay_tests import MOST_DAYS, is_tested
from healthsim.medicine.tumors import MOST_LESIONS
from healthsim.medicine.vitals import MOST_CODES, hours_between_rounds
from healthsim.products.rxmembersim.fills import refill_attempts
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import (
    CodedDiagnosis,
    EncounterDetails,
    LabDetails,
    VitalDetails,
)
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence, StageLeave
from healthsim.specification.journeys.step import EventHead, StepHead
from healthsim.specification.journeys.trial import TrialSpec
from healthsim.specification.profiles.profile import ProfileSpec

ORDERED = ("lab_results", "procedures", "referrals")
"""The tables whose rows follow from an order."""

_BESIDE = ("missed", "next")

LABS = "lab_results"
"""The table of results; each stay that may have usual tests has a series of numbers in it."""
VITALS = "vital_signs"
"""The table of vital signs; each encounter has a series of numbers in it."""


_OTHER_OCCASIONS = 2  # for vital signs in an encounter, besides rounds: arrival and leaving
_MOST_ROUNDS = 2000  # five years of daily rounds, eleven months of rounds every four hours


class Numbering:
    """Numbers of addresses, by table; of two that collide, the later is hashed again.

    Attributes:
        most_rounds: how many rounds of vital signs a stay may have.
    """

    def __init__(
        self, profile: ProfileSpec, layouts: Sequence[JourneyLayout], through: int
    ) -> None:
        """Settle every number.

        Args:
            profile: who the people are.
            layouts: the journeys, laid out.
            through: last day of the data.
        """
        self._tables: dict[str, Addresses] = defaultdict(Addresses)
        self.most_rounds = _most_rounds(layouts)
        self._pharmacy = profile.pharmacy_rules
        self._rules = profile.safety_book if profile.plants_violations else SafetyBook()
        for code in profile.codes:
            self._reserve_condition(code, code)
            self._reserve_before(code)
            self._reserve_both(code, profile.codes)
        days = through - day_of(profile.as_of.isoformat())
        for medication in profile.clinical.medications:
            self._reserve_violations(f"~profile/{medication.drug}", medication.drug)
            drug = drugs().find(medication.drug, "clinical.medications")
            way = prescribing(drug, medication.days_supply, keeps=profile.pharmacy_rules)
            for renewal in range(most_writings(way, days)):
                address = f"~profile/{medication.drug}/{renewal}"
                self._reserve("prescriptions", [address])
                self._reserve("fills", fill_addresses(address, way.refills))
        self._reserve("enrollments", ["~profile/coverage"])
        of_birth = codes_of_birth(measures_to_code(profile, layouts))
        for code in of_birth if tells_birth(profile) else ():
            self._reserve_condition(code, f"{code}@{FROM_PROFILE}")
        for layout in layouts:
            if layout.journey.trial is not None:
                self._reserve("subjects", [subject_address(layout.journey.trial.id)])
            for occurrence in layout.occurrences:
                if not (occurrence.tick or isinstance(occurrence.step, StageLeave)):
                    self._settle(occurrence, layout.journey.trial)
                    born = of_birth if isinstance(occurrence.step, events.Birth) else ()
                    for code in (*_begun_by(occurrence.step, profile), *born):
                        self._reserve_condition(code, f"{code}@{occurrence.address}")

    def number(self, table: str, address: str) -> int:
        """Return the number of an address that was settled; KeyError for any other."""
        return self._tables[table].known(address)

    def address(self, table: str, number: int) -> str | None:
        """Return the address that has a number in a table; None where none has it."""
        return self._tables[table].address(number) if table in self._tables else None

    @cached_property
    def orders(self) -> dict[str, dict[int, int]]:
        """How numbers of results, procedures and referrals change where they are those of orders.

        Orders have the numbers of what they led to, except where two tables use the same one.
        """
        settled = [self._tables.get(table, Addresses()) for table in ORDERED]
        moved = apart([one.items() for one in settled], settled[0].in_series)
        return dict(zip(ORDERED, moved, strict=True))

    @cached_property
    def appointments(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of encounters, ascending, and those of the appointments beside each.

        Shapes (encounters,) and (encounters, 2): of one before that was missed, and of the next.
        """
        numbers, rows = Addresses(), []
        known = dict(self._tables.get("encounters", numbers).items())
        for address in known:
            numbers.number(address)
        for address, number in known.items():
            rows.append((number, *(numbers.number(f"{address}/{one}") for one in _BESIDE)))
        table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1:]

    def _reserve(self, table: str, addresses: Iterable[str]) -> None:
        for address in addresses:
            self._tables[table].number(address)

    def _reserve_condition(self, code: str, address: str) -> None:
        """Reserve the rows of an episode: its own, its combinations, and what it becomes."""
        self._reserve("conditions", [f"{address}{suffix}" for suffix in suffixes(code)])
        becomes = usual_course(code).becomes
        if becomes and not {"<", ">"} & set(address):
            self._reserve_condition(becomes, f"{address}>{becomes}")

    def _reserve_before(self, code: str) -> None:
        """Reserve the rows of what was there before a pregnancy that a profile's code is of."""
        before = preexisting(code)
        if before is not None:
            self._reserve_condition(before.code, f"{code}<{before.code}")

    def _reserve_both(self, code: str, codes: Iterable[str]) -> None:
        """Reserve the row of the two sides of a condition, where a profile states both."""
        pair = other_side(code)
        if pair is not None and code < pair[0] and pair[0] in codes:
            self._reserve_condition(pair[1], address_of_both(code, pair[1]))

    def _settle(self, occurrence: Occurrence, trial: TrialSpec | None) -> None:
        step, address = occurrence.step, occurrence.address
        self._reserve("events", [address])
        if isinstance(step, EventHead) and step.table:
            self._reserve(step.table, [address])
        for table, addresses in _records(step, address, trial):
            self._reserve(table, addresses)
        if isinstance(step, events.Encounter):
            rounds = self.most_rounds if _has_rounds(step) else 0
            length = (_OTHER_OCCASIONS + rounds) * MOST_CODES
            self._tables[VITALS].series(vitals_address(address), length)
            if is_tested(step.details.encounter_class):
                self._tables[LABS].series(tests_address(address), MOST_DAYS * MOST_TESTED)
        if isinstance(step, events.Prescription):
            self._reserve_parts(address, step)
            self._reserve_violations(address, step.details.drug)
        if isinstance(step, events.Procedure):
            self._reserve_violations(address, step.details.code)

    def _reserve_parts(self, address: str, step: events.Prescription) -> None:
        """Reserve a step's fills, and its further prescriptions of a controlled substance."""
        details = step.details
        drug = drugs().find(details.drug, "details.drug")
        parts = series(drug, details.days_supply, details.refills, keeps=self._pharmacy)
        for part, refills in enumerate(parts):
            one = f"{address}~{part}" if part else address
            self._reserve("prescriptions", [one])
            self._reserve("fills", fill_addresses(one, refills))

    def _reserve_violations(self, address: str, what: str) -> None:
        rules = (*self._rules.of_drug(what), *self._rules.of_procedure(what))
        self._reserve("planted_violations", [f"{address}/{rule.name}" for rule in rules])


def _begun_by(step: StepHead, profile: ProfileSpec) -> Iterator[str]:
    """Yield the codes of the conditions that a step may begin, each once."""
    if isinstance(step, events.Diagnosis):
        yield from (step.details.code, *_both_sides([step.details.code]))
    if isinstance(step, events.Encounter) and profile.problem_list == "usual":
        primary = profile.clinical.primary
        listed = (one.code if isinstance(one, CodedDiagnosis) else one
                  for one in step.details.diagnoses)  # fmt: skip
        stated = (*listed, *([primary.code] if primary is not None else []))
        codes = (*stated, *chain(*map(stated_after, stated)), *_left_by(step))
        yield from filter(begins_condition, dict.fromkeys((*codes, *_both_sides(codes))))
    if isinstance(step, events.Procedure) and profile.problem_list == "usual":
        yield from _left_by(step)


def _both_sides(codes: Iterable[str]) -> Iterator[str]:
    """Yield what conditions are where people have the other side too."""
    yield from (pair[1] for pair in map(other_side, codes) if pair is not None)


def _left_by(step: events.Encounter | events.Procedure) -> tuple[str, ...]:
    """Return the conditions that stay on the other side when operations of a step are over."""
    details = step.details
    done = (
        details.operations()
        if isinstance(details, EncounterDetails)
        else [(details.code, details.modifiers)]
    )
    removed = chain.from_iterable(removed_by(code, modifiers) for code, modifiers in done)
    return tuple(
        dict.fromkeys(one.then for one in removed if family(one.then) == family(one.condition))
    )


def _records(
    step: StepHead, address: str, trial: TrialSpec | None
) -> Iterator[tuple[str, list[str]]]:
    """Yield (table, addresses) of the records of a step besides the one of its own `table`."""
    if isinstance(step, events.Procedure):
        yield "clinical_notes", [note_address(address, "operation")]
    if isinstance(step, events.Encounter | events.Claim):
        yield "claims", list(claim_addresses(address, step.details.encounter_class))
    if isinstance(step, events.Encounter):
        yield "encounters", [address]
        yield "clinical_notes", [note_address(address, at) for at in ("begin", "end")]
        done = listed_procedures(address, step.details)
        yield "procedures", done
        yield "clinical_notes", [note_address(one, "operation") for one in done]
    elif isinstance(step, events.Procedure) and step.details.specialty is not None:
        yield "claims", [f"{address}/837P"]
    elif isinstance(step, events.Lab | events.Vital):
        table = "lab_results" if isinstance(step, events.Lab) else "vital_signs"
        details = step.details
        yield table, [result_address(address, details, loinc) for loinc in analytes(details)]
    elif isinstance(step, events.TumorAssessment):
        yield "tumor_measurements", lesion_addresses(address)
    elif isinstance(step, events.Screening) and trial is not None:
        yield "eligibility_results", answer_addresses(address, trial)


def fill_addresses(prescription: str, refills: int) -> list[str]:
    """Return the addresses of a prescription's fills, those that are put back included."""
    return [f"{prescription}/{attempt}" for attempt in range(1 + refill_attempts(refills))]


def analytes(details: LabDetails | VitalDetails) -> tuple[str, ...]:
    """Return the LOINC codes that an order measures."""
    if isinstance(details, LabDetails) and details.panel is not None:
        return panel(details.panel)
    return (details.loinc or "",)


def result_address(address: str, details: LabDetails | VitalDetails, code: str) -> str:
    """Return the address of one result of an order."""
    in_panel = isinstance(details, LabDetails) and details.panel is not None
    return f"{address}/{code}" if in_panel else address


def _has_rounds(step: StepHead) -> bool:
    return isinstance(step, events.Encounter) and bool(
        hours_between_rounds(step.details.encounter_class)
    )


def _most_rounds(layouts: Sequence[JourneyLayout]) -> int:
    """Return how many rounds of vital signs a stay may have: half of all numbers are for them."""
    stays = sum(
        _has_rounds(occurrence.step) and not occurrence.tick
        for layout in layouts
        for occurrence in layout.occurrences
    )
    room: int = 2 ** (BITS - 1) // (MOST_CODES * max(stays, 1))
    return min(_MOST_ROUNDS, room)


def vitals_address(encounter: str) -> str:
    """Return the address of the usual vital signs of an encounter: of a series of numbers."""
    return f"{encounter}/vitals"


def tests_address(encounter: str) -> str:
    """Return the address of the usual tests of a stay: of a series of numbers."""
    return f"{encounter}/tests"


def listed_procedures(address: str, details: EncounterDetails) -> list[str]:
    """Return the addresses of the procedures that an encounter lists: hospital's, and billed."""
    hospital = [f"{address}/{place}" for place in range(len(details.icd10pcs))]
    return [*hospital, *(one for one, _ in billed_procedures(address, details))]


def billed_procedures(address: str, details: EncounterDetails) -> list[tuple[str, str]]:
    """Return (address, code) of what an encounter bills and the chart holds as procedures.

    What is billed was done: an ultrasound, an infusion, a session of therapy, a fistula. Where the
    hospital lists its own codes, they stand for operations. Tests of a laboratory have their
    results, vaccines their doses (`medicine/data/charted_procedures.csv`).
    """
    codes = [one if isinstance(one, str) else one.code for one in details.procedures or ()]
    own = (YES,) if details.icd10pcs else (YES, OPERATION)
    return [(f"{address}/study/{code}", code)
            for code in dict.fromkeys(codes) if charted(code) in own]  # fmt: skip


def note_address(address: str, at: str) -> str:
    """Return the address of a note: of an encounter as it begins or ends, or of an operation."""
    return f"{address}/note/{at}"


def subject_address(trial: str) -> str:
    """Return the address of a person as a subject of a trial."""
    return f"~trial/{trial}"


def lesion_addresses(address: str) -> list[str]:
    """Return the addresses of an assessment's target lesions."""
    return [f"{address}/lesion/{place}" for place in range(1, MOST_LESIONS + 1)]


def answer_addresses(screening: str, trial: TrialSpec) -> list[str]:
    """Return the addresses of a screening's answers, in the order of the criteria."""
    return [f"{screening}/{kind}/{criterion.name}" for kind, criterion in trial.criteria()]
