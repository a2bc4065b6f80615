"""Pieces of requests, each with its key: what it may be bound to, or nothing.

A piece without a binding is a trap: whatever is bound to its words is wrong. A piece with a binding
may be bound to it or stay open; how much the server binds by itself matters less than that
nothing is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Piece:
    """A few words of a request.

    Attributes:
        text: the words; each @ stands for a figure of any kind.
        may: facet -> what the profile must have there if these words are bound.
        topics: what the piece is about, for the templates that may then be chosen.
        unbuilt: whether it must be said that this is not built.
    """

    text: str
    may: tuple[tuple[str, Any], ...] = ()
    topics: frozenset[str] = frozenset()
    unbuilt: bool = False


def _piece(text: str, topics: str = "", /, **may: Any) -> Piece:
    return Piece(text, tuple(may.items()), frozenset(topics.split()))


def _traps(text: str, *, unbuilt: bool = False) -> tuple[Piece, ...]:
    lines = (line.strip() for line in text.strip().splitlines())
    return tuple(Piece(line, unbuilt=unbuilt) for line in lines if line)


FIGURES = (
    # a head count as it is written, and the number that it means
    ("200", 200), ("50", 50), ("1,500", 1500), ("2,000", 2000), ("12,000", 12_000), ("10k", 10_000),
    ("5k", 5000), ("1.500", 1500), ("10 000", 10_000), ("10\u00a0000", 10_000),
    ("2\u2009500", 2500), ("1'200", 1200), ("1e3", 1000), ("two hundred", 200),
    ("five hundred", 500), ("a thousand", 1000), ("1,000,000", 1_000_000), ("2 million", 2_000_000),
    ("1.5 million", 1_500_000), ("~300", 300), ("300+", 300), ("2015", 2015), ("65", 65),
)  # fmt: skip

COUNTS = (
    *(_piece(f"{said} {noun}", count=number)
      for noun in ("people", "patients", "members") for said, number in FIGURES),
    *(_piece(f"{said} of them", count=number) for said, number in FIGURES[:5]),
    _piece("a cohort of 400", count=400),
    _piece("n = 250", count=250),
    _piece("N=120", count=120),
    _piece("100 лиц", count=100),
    _piece("200 Patienten", count=200),
    _piece("1.000 pacientes", count=1000),
    _piece("300 personnes", count=300),
    _piece("500名", count=500),
    _piece("２００ people", count=200),
    _piece("200, no, 300 people", count=300),
    _piece("200 people, sorry, 250 people", count=250),
    _piece("not 100 but 150 patients", count=150),
    _piece("make that 80 people instead of 60", count=80),
    *_traps("""
        200-300 people
        200 or 300 people
        between 100 and 150 patients
        two groups of 100 people
        a few hundred patients
        several people
        100 people a month
        20 of the people in clin-dm
        3 x 100 members
        some 0.5 people per household
        one in five patients
        2 of 10 members
        1/3 of the patients
        no more than 40 people per clinic
        -5 people
        1.234,5 people
        1,2,3 people
    """),
)  # fmt: skip
"""How many: at most one of these is in a request."""

MEDICARE = {"medicare": None}
PAYERS = (
    _piece("Medicare", "medicare", coverage=MEDICARE),
    _piece("on Medicare", "medicare", coverage=MEDICARE),
    _piece("covered by Medicare", "medicare", coverage=MEDICARE),
    _piece("Medicare Advantage", "medicare ma", coverage={"medicare advantage": None}),
    _piece("Original Medicare", "medicare", coverage={"original medicare": None}),
    _piece("traditional Medicare", "medicare", coverage={"original medicare": None}),
    _piece("commercially insured", "commercial", coverage={"commercial": None}),
    _piece("commercial", "commercial", coverage={"commercial": None}),
    _piece("on Medicaid", "medicaid", coverage={"medicaid": None}),
    _piece("Medicaid", "medicaid", coverage={"medicaid": None}),
    _piece("CHIP", "chip", coverage={"chip": None}),
    _piece("MA-HMO 35% MA-PPO 25% Original 40%", "medicare",
           coverage={"MA-HMO": 0.35, "MA-PPO": 0.25, "Original": 0.4}),
    _piece("MA-PPO 60 %, MA-HMO 40 %", "medicare", coverage={"MA-PPO": 0.6, "MA-HMO": 0.4}),
    _piece("70% Commercial-PPO and 30% HDHP", "commercial",
           coverage={"Commercial-PPO": 0.7, "*HDHP": 0.3}),
    _piece("all in HDHP", "commercial", coverage={"*HDHP": 1.0}),
    # Both or neither: one of two alone is a wish lost
    _piece("Medicaid or commercial", coverage={"medicaid": None, "commercial": None}),
    _piece("half Medicare, half Medicaid", coverage={"medicare": 0.5, "medicaid": 0.5}),
    _piece("60 % Medicaid, 40 % commercial", coverage={"medicaid": 0.6, "commercial": 0.4}),
    *_traps("""
        not on Medicare
        nobody on Medicaid
        without Medicaid
        Medicare secondary
        employer group primary and Medicare secondary
        switching from Medicaid to commercial in June
        Medicare-eligible next year
        dual eligible
        lost their Medicaid
        uninsured
        self-pay
        a parent's employer plan
        commercial drivers
        Medicare Part D rules only
        Medicaid expansion states
        ex-Medicare
    """),
)  # fmt: skip
"""Who pays: at most one of these."""

_NAMES = (
    # what people say, the code's beginnings, topic
    ("diabetes", "E11", "E11"), ("type 2 diabetes", "E11", "E11"), ("T2DM", "E11", "E11"),
    ("type 1 diabetes", "E10", "E10"), ("hypertension", "I10", "I10"), ("HTN", "I10", "I10"),
    ("high blood pressure", "I10", "I10"), ("HLD", "E78", "E78"), ("COPD", "J44", "J44"),
    ("hyperlipidemia", "E78", "E78"), ("heart failure", "I50", "I50"), ("CHF", "I50", "I50"),
    ("asthma", "J45", "J45"), ("depression", "F32|F33", "F32"), ("obesity", "E66", "E66"),
    ("atrial fibrillation", "I48", "I48"), ("E11.9", "E11.9", "E11"), ("I10", "I10", "I10"),
    ("E78.5", "E78.5", "E78"), ("J44.9", "J44.9", "J44"), ("A41.9", "A41.9", "A41"),
    ("N18.4", "N18.4", "N18"), ("C50.911", "C50.911", "C50"), ("sepsis", "A41", "A41"),
)  # fmt: skip

CONDITIONS = (
    *(_piece(f"{word} {name}", topic, conditions={code: None})
      for name, code, topic in _NAMES for word in ("with", "having", "who have")),
    *(_piece(text.format(name=name), topic, conditions={code: share})
      for name, code, topic in _NAMES
      for text, share in (("{name} 78%", 0.78), ("65 % with {name}", 0.65),
                          ("{name} in 12.5 %", 0.125), ("{name}: 40 percent", 0.4))),
    _piece("diabetics", "E11", conditions={"E11": None}),
    _piece("asthmatic", "J45", conditions={"J45": None}),
    _piece("CKD stage 4", "N18", conditions={"N18.4": None}),
    _piece("CKD stage 3a", "N18", conditions={"N18.31": None}),
    _piece("diabtes", "E11", conditions={"E11": None}),
    _piece("hypertention 30 %", "I10", conditions={"I10": 0.3}),
    _piece("mit Diabetes", "E11", conditions={"E11": None}),
    _piece("con diabetes tipo 2", "E11", conditions={"E11": None}),
    _piece("no asthma", conditions={"-J45": None}),
    _piece("without hypertension", conditions={"-I10": None}),
    _piece("but not COPD", conditions={"-J44": None}),
    *(
        _piece(text, "family", household="any")
        for text in (
            "mother has asthma",
            "father with heart failure",
            "daughter with asthma",
            "daughter born 2015",
            "mother pregnant, due in August 2025",
        )
    ),
    _piece("free of depression", conditions={"-F32": None, "-F33": None}),
    _piece("excluding heart failure", conditions={"-I50": None}),
    *_traps("""
        gestational diabetes 8 %
        family history of diabetes
        prediabetes
        diabetes insipidus
        non-diabetic
        screening for depression
        postpartum depression screening with PHQ-9/EPDS
        a depression screening visit
        at risk for diabetes
        rule out COPD
        suspected sepsis
        pulmonary hypertension
        ocular hypertension
        portal hypertension 4 %
        a diabetes educator
        the hypertension clinic
        the asthma guideline
        never had asthma before 12
        diabetes or hypertension
        either COPD or asthma
        depression scores above 10
        some diabetes
        hypertension > 140/90
        diabetes for 10 years
        diabetes since 2015
        asthma born 2015
        SDTM datasets (DM, AE, EX, LB, VS)
        the DM domain
        E11.9 is billed twice
        not E11.9
        code E99.99
        cancer
        long COVID 12 %
        drug-induced hypertension
        2 comorbidities each
        3+ chronic conditions
        diabetes remission after 24 months
    """),
)  # fmt: skip
"""Who has what: up to three of these."""

PLACES = (
    _piece("in Texas", place={"TX": None}),
    _piece("from Ohio", place={"OH": None}),
    _piece("living in Florida", place={"FL": None}),
    _piece("all in Oregon", place={"OR": 1.0}),
    _piece("in New York", place={"NY": None}),
    _piece("in West Virginia", place={"WV": None}),
    _piece("mostly in Texas", place={"TX": None, "more": None}),
    _piece("in Ohio and Michigan", place={"OH": None, "MI": None}),
    _piece("80 % in Texas and 20 % in Oklahoma", place={"TX": 0.8, "OK": 0.2}),
    _piece("TX 80%, OK 20%", place={"TX": 0.8, "OK": 0.2}),
    _piece("50% CA, 30% NV, 20% AZ", place={"CA": 0.5, "NV": 0.3, "AZ": 0.2}),
    _piece("half in Georgia", place={"GA": 0.5, "more": None}),
    _piece("in Harris County, TX", place={"48201|Harris County, TX": None}),
    _piece("in Harris County, Texas", place={"48201|Harris County, TX": None}),
    _piece("counties 48453, 48201, 48113",
           place={"48453|Travis County, TX": None, "48201|Harris County, TX": None,
                  "48113|Dallas County, TX": None}),
    _piece("county FIPS 48201", place={"48201|Harris County, TX": None}),
    _piece("in Washington, DC", place={"DC": None}),
    _piece("in the state of Washington", place={"WA": None}),
    _piece("in rural Iowa", place={"IA": None}, area="rural"),
    *_traps("""
        not in Texas
        outside Texas
        anywhere but Ohio
        except California
        in Washington County
        in Delaware County
        in Jefferson County
        in Paris
        in Ontario
        in Georgia (the country)
        seen at the Indiana University clinic
        sent to Texas Health Resources
        born in Texas
        moved from Ohio to Michigan in 2024
        Texas or Oklahoma, whichever is cheaper
        within 50 miles of Boise
        ZIP 77001
        in 3 states
        in the 48th state
        in or near me
        hi, ok, me or la
    """),
)  # fmt: skip
"""Where: at most one of these."""

AGES = (
    _piece("aged 65 to 85", ages=(65, 85)),
    _piece("age 65-85", ages=(65, 85)),
    _piece("ages 40–60", ages=(40, 60)),
    _piece("between 25 and 40 years old", ages=(25, 40)),
    _piece("18-64 years old", ages=(18, 64)),
    _piece("65 and older", ages=(65, None)),
    _piece("over 65 years old", ages=(65, None)),
    _piece("65 years or older", ages=(65, None)),
    _piece("aged 65+", ages=(65, None)),
    _piece("older than 70", ages=(70, None)),
    _piece("under 18 years of age", "child", ages=(0, 18)),
    _piece("younger than 12", "child", ages=(0, 12)),
    _piece("58 years old", ages=(58, 58)),
    _piece("58-year-old", ages=(58, 58)),
    _piece("age 58", ages=(58, 58)),
    *(_piece(text, born="any") for text in ("born in 1958", "born @", "born in @")),
    _piece("born between 1950 and 1960", born="any"),
    _piece("all of them adults", ages=(18, None)),
    _piece("age: mean 60, SD 9", ages="any"),
    _piece("mean age 54 (SD 9)", ages="any"),
    _piece("children", "child", ages=(0, 18)),
    _piece("aged 65–85 Jahre", ages=(65, 85)),
    *_traps("""
        A1c above 8
        A1c > 8.0
        A1c between 7 and 9
        A1c of 8 to 10
        LDL above 190 every 3 months
        BP over 140/90
        BMI 35-40
        BMI over 35
        eGFR under 30
        score of 10 or more
        weight 65-85 kg
        65-85 kg
        height 150 to 190 cm
        grade 3+ neutropenia 18 %
        over 65 visits
        under 12 weeks
        older than 10 days
        average age 62
        aged 45 at diagnosis
        45 at onset
        retired at 65
        turning 65 in March
        a 12-year follow-up
        ten years of follow-up
        age of the claim over 30 days
        3 to 5 visits
        a 20-30 minute visit
        room 65
        age unknown
        65
        18-64
        over 2025
    """),
)  # fmt: skip
"""How old: at most one of these."""

SEXES = (
    _piece("women", sexes={"F": 1.0}),
    _piece("all men", sexes={"M": 1.0}),
    _piece("female", sexes={"F": 1.0}),
    _piece("60 % women", sexes={"F": 0.6, "M": 0.4}),
    _piece("gender M 48% F 52%", sexes={"M": 0.48, "F": 0.52}),
    _piece("M 45 %, F 55 %", sexes={"M": 0.45, "F": 0.55}),
    _piece("40% male, 60% female", sexes={"M": 0.4, "F": 0.6}),
    _piece("half men, half women", sexes={"M": 0.5, "F": 0.5}),
    *_traps("""
        treated at the Women's Hospital
        a men's health visit
        not only women
        no men
        their wives
        male or female
        2 women for each man
        grade F
        the M and E team
        gender unknown in 3 %
    """),
)  # fmt: skip
"""Which sex: at most one of these."""

ASIDES = (
    _piece("seed 7", seed=7),
    _piece("with seed 12345", seed=12345),
    _piece("as of 2024-01-01", as_of="2024-01-01"),
    _piece("save it as clin-dm", save_as="clin-dm"),
    _piece("save as 'payer-2025'", save_as="payer-2025"),
    _piece("with a first-year diabetes journey", journey="any"),
    _piece("with new-member-onboarding journey", journey="any"),
)

UNBUILT = _traps(
    """
    HL7 v2 ADT messages
    as C-CDA documents
    SDTM datasets as XPT
    OMOP CDM 5.4
    NCPDP claims
    3 % duplicate claims
    5 % of claims denied (CARC 197)
    as FHIR R4 bundles
    coordination of benefits
    5 % duplicated patients with typos in names
    labs in wrong units in 1 %
    """,
    unbuilt=True,
)
"""What the server does not make; it must say so."""

TRAPS = _traps(
    """
    $3,000 deductible
    $3,000-deductible PPO-style design
    80/20 after deductible
    $7,000 out-of-pocket max
    €1.234,50 per visit
    CARC 197
    5 mg daily
    metformin 500 mg twice daily
    semaglutide 0.25 mg
    NDC 00169-4132-12
    CPT 99214
    99214 and 83036 at each visit
    LOINC 4548-4
    ICD-10-PCS 0DTJ4ZZ
    revenue code 0450
    every 21 days for 8 cycles
    ±3 day window
    +-3 day window
    at weeks 6 and 12
    week 6
    day 0, 30, 90, 180 and 270
    Q3 2025
    FY2025
    over 2025
    in 2025
    from 2023 to 2025
    between March and June 2025
    2025-08-15
    08/15/2025
    15.08.2025
    on 3 March 2025
    within 1 or 3 hours
    at 14:30
    ICU 35 %
    mortality 18 %
    readmission 17 % in 30 days
    30-day readmissions
    dropout 10 %
    screen failures 25 %
    2:1 randomisation
    1:1:1
    phase 3
    phase 2b
    p < 0.05
    95 % CI
    90 % power
    ECOG 0-1
    NYHA class II-IV
    stratified by ECOG and region
    RECIST response at weeks 6 and 12
    30 % abandon the first fill
    reversals within 3 days for 4 % of fills
    PDC below 80 %
    step therapy through metformin
    20 % more ER visits
    4 visits a year
    3 claims each
    top 10 spenders
    1 in 20 admitted
    two out of three are smokers
    15 % behind schedule
    missing ZIPs in 10 %
    swapped birth day/month
    version 5.4
    room 200
    call 555-0100
    #1234
    3.14159
    1e5
    ½ tablet
    x²
    10–12
    10^3
    0.1%
    -5
    70/30 insulin
    O2 sat 92 %
    BP 120/80
    T4 N0 M0
    B12 levels
    H1N1
    COVID-19
    HbA1c ≥ 6.5 %
    left-handed
    veterans
    smokers 22 %
    average income $54,000
    live births 98 %
    twins 3 %
    who hit their OOP max and when?
    how many had A1c above 8 at six months?
    draw me their A1c over the year
    change only this
    not the same as last time
    nothing else
    für das Jahr 2025
    年齢は不明
    sans doublons
    по 5 мг
    naïve patients first
    😀
    A1c above @
    A1c between @ and @
    LDL under @
    a score of @ or more
    @ mg daily
    @ units at bedtime
    over @ visits
    @ visits
    @ claims each
    @ hospitals
    @ clinicians per site
    @ admissions
    @ doses @ days apart
    at week @
    within @ days
    every @ weeks
    day @
    cycle @
    grade @
    stage @
    phase @
    version @
    room @
    since @
    in @
    Q2 @
    fiscal year @
    @ % of claims
    @ % of visits
    $@ copay
    $@/month
    €@
    @/@
    @:@
    @-@
    @ to @ weeks
    @ kg
    @ cm
    @ mmHg
    @ °F
    @th percentile
    #@
    no more than @
    at least @ of each
    up to @ times
    not @ but @
    @, no, @
    @ or @
    <@
    >@
    ~@
    ±@
    @+
    x@
    code @
    NDC @
    CPT @
    ICD-9 @.@
    lot @A
    page @
    top @
    @ of @
    one of @
    @ out of @
    a @ % discount
    SD @
    mean @
    n of @ per arm
    RX@
    TK@
    """
)
"""Figures and words of every kind that belong to nothing that a profile's request binds."""
