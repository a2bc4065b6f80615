"""The words that a request is parsed by: payers, conditions, states, ages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Payer:
    """A line of coverage, as people name it.

    Attributes:
        words: pattern of what people say.
        plans: shares of the built-in plans when nothing else is said.
        ages: years that the line covers, used when no age is said.
    """

    name: str
    words: str
    plans: Mapping[str, float]
    ages: Mapping[str, Any] = field(default_factory=dict)


PAYERS = (
    # Shares of MA and Original as in the project's reference profile: assumption, near the
    # 54 % Medicare Advantage of KFF 2024.
    Payer(
        "medicare",
        r"medicare(?! advantage)(?:[- ]?aged)?",
        {"MA-HMO": 0.35, "MA-PPO": 0.25, "Original": 0.40},
        {"type": "normal", "mean": 74, "sd": 7, "low": 65, "high": 95},  # assumption
    ),
    Payer(
        "medicare advantage",
        r"medicare advantage|\bma plans?\b",
        {"MA-HMO": 0.58, "MA-PPO": 0.42},  # assumption: HMO and PPO share of MA, KFF 2024
        {"type": "normal", "mean": 74, "sd": 7, "low": 65, "high": 95},  # assumption
    ),
    Payer(
        "original medicare",
        r"(?:original|traditional|fee[- ]for[- ]service) medicare|medicare ffs",
        {"Original": 1.0},
        {"type": "normal", "mean": 75, "sd": 8, "low": 65, "high": 95},  # assumption
    ),
    Payer(
        "commercial",
        r"commercial(?:ly)?(?:[- ]insured)?|employer(?:[- ]sponsored)?|private(?:ly)?[- ]insur\w+",
        # assumption: PPO and POS together, HDHP, HMO as in KFF's employer survey 2024
        {"Commercial-PPO": 0.58, "Commercial-HMO": 0.15, "HDHP": 0.27},
        {"type": "uniform", "low": 18, "high": 64, "decimals": 0},  # assumption
    ),
    Payer(
        "medicaid",
        r"medicaid",
        {"Medicaid-MCO": 1.0},  # assumption: managed care, as for most of Medicaid (KFF 2024)
        {"type": "uniform", "low": 0, "high": 64, "decimals": 0},  # assumption
    ),
    Payer(
        "chip",
        r"\bchip\b",
        {"CHIP": 1.0},
        {"type": "uniform", "low": 0, "high": 18, "decimals": 0},
    ),
)

PLANS = {
    "MA-HMO": r"ma[- ]hmos?",
    "MA-PPO": r"ma[- ]ppos?",
    "Commercial-PPO": r"commercial[- ]ppos?",
    "Commercial-HMO": r"commercial[- ]hmos?",
    "HDHP": r"hdhps?|high[- ]deductible(?: health)? plans?",
    "Medicaid-MCO": r"medicaid[- ]mcos?",
    "PPO": r"ppos?",
    "HMO": r"hmos?",
}
"""Plans that can be asked for by name; of a PPO or HMO alone the payer decides which."""

KINDS_OF_PLAN = {
    ("PPO", "commercial"): "Commercial-PPO", ("HMO", "commercial"): "Commercial-HMO",
    ("PPO", "medicare advantage"): "MA-PPO", ("HMO", "medicare advantage"): "MA-HMO",
}  # fmt: skip
"""The plan that a kind of plan is, by payer."""

CONDITIONS = {
    # code: (pattern of what people say, short name)
    "E10.9": (r"type[- ](?:1|one|i) diabet\w+|t1dm?", "type 1 diabetes"),
    "E11.9": (r"(?:type[- ](?:2|two|ii) )?diabet(?:es(?: mellitus)?|ics?)|t2dm?|\bdm\b",
              "type 2 diabetes"),
    "I10": (r"(?:hypertensi(?:on|ves?)|high blood pressure|\bhtn\b)", "hypertension"),
    "E78.5": (r"hyperlipid[a]?emia|high cholesterol|dyslipid[a]?emia|\bhld\b", "hyperlipidemia"),
    "N18.30": (r"chronic kidney disease|\bckd\b", "chronic kidney disease, stage 3"),
    "I50.9": (r"(?:congestive )?heart failure|\bchf\b", "heart failure"),
    "I48.91": (r"atrial fibrillation|\ba-?fib\b", "atrial fibrillation"),
    "I25.10": (r"coronary (?:artery|heart) disease|\bcad\b", "coronary artery disease"),
    "J44.9": (r"\bcopd\b|chronic obstructive pulmonary disease", "COPD"),
    "J45.20": (r"asthma(?:tics?)?", "asthma"),
    "F32.A": (r"depressi(?:on|ve)", "depression"),
    "F41.9": (r"anxiety", "anxiety"),
    "E66.9": (r"obes(?:ity|e)", "obesity"),
    "E03.9": (r"hypothyroid(?:ism)?", "hypothyroidism"),
    "M17.11": (r"(?:knee )?osteoarthritis|arthritis of the knee", "osteoarthritis of the knee"),
    "N40.0": (r"\bbph\b|enlarged prostate|prostatic hyperplasia", "enlarged prostate"),
}  # fmt: skip
"""The ICD-10-CM code of each condition, and what people call it; most specific first."""

MEASURES = {
    # A diagnosis is what is charted and billed, so diabetes is not the measure with the undiagnosed
    "E11.9": "diagnosed_diabetes",
    "I10": "hypertension",
    "E78.5": "high_cholesterol",
    "I25.10": "coronary_heart_disease",
    "J44.9": "copd",
    "J45.20": "asthma",
    "F32.A": "depression",
    "E66.9": "obesity",
}
"""The population measure of a condition's code, if there is one."""

AGES = (
    # pattern, low, high in years
    (r"newborns?|infants?|babies", 0, 1),
    (r"toddlers?", 1, 3),
    (r"children|kids?|child|p(?:a)?ediatric(?:s)?|minors?", 0, 17),
    (r"teen(?:ager)?s?|adolescents?", 13, 17),
    (r"working[- ]age(?:d)?(?: adults?)?", 18, 64),
    (r"retirees?|retired (?:people|persons?|adults?)", 65, 95),  # assumption, and said as one
    (r"seniors?|elderly|older (?:adults?|people)", 65, 95),
    (r"adults?", 18, 95),
)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a template is about, beyond payer, primary condition and ages.

    Attributes:
        template: its name; it is chosen only if the request has its words.
        words: pattern of what people say.
        everyone: beginnings of codes of which everybody in it has one; a request for another
            condition does not fit.
        any_payer: it fits every payer; its plans are then replaced.
        ages: its people are of the ages that words like "babies" and "children" say or go with;
            the template's ages stay.
        needs: what else the request must have.
    """

    template: str
    words: str
    everyone: tuple[str, ...] = ()
    any_payer: bool = False
    ages: bool = False
    needs: Literal["", "payer", "condition"] = ""


TOPICS = (
    # The more particular first: the first one that fits is taken.
    Topic("commercial-family", r"famil(?:y|ies)|households?|dependents?|spouses?", ages=True),
    Topic("commercial-maternity", r"pregnan\w+|maternity|prenatal|obstetrics?|expectant",
          any_payer=True),
    Topic("newborn", r"newborns?|neonat\w+|birth cohorts?|babies", any_payer=True, ages=True),
    Topic("oncology-trial-candidates", r"oncology|(?:metastatic )?(?:colorectal|colon|rectal)"
          r" cancers?|chemotherapy", ("C18", "C19", "C20"), any_payer=True),
    Topic("diabetes-trial-candidates", r"(?:clinical )?trials?(?: candidates?| subjects?)?",
          ("E11",), any_payer=True, needs="condition"),
    Topic("bariatric-candidates", r"bariatric(?: surgery| candidates?)*|weight[- ]loss surgery"
          r"|gastric (?:bypass|sleeve)", ("E66",), any_payer=True),
    Topic("cardiac-surgery-candidates", r"(?:cardiac|heart|(?:coronary )?bypass|valve) surgery"
          r"(?: candidates?)?|\bcabg\b", ("I25",), any_payer=True),
    Topic("medicare-heart-failure", r"heart failure|\bchf\b", ("I50",), needs="payer"),
    Topic("medicare-advantage-complex", r"complex|frail(?:ty)?|multi-?morbid\w*|high[- ]need",
          needs="payer"),
    Topic("medicare-general", r"wellness|general|across the board", needs="payer"),
    Topic("commercial-high-cost", r"high[- ]cost|catastrophic|costly|expensive", needs="payer"),
)  # fmt: skip
"""Templates that are chosen only if the request names their topic."""

ALIKE = {
    "kids": "children", "kid": "children", "child": "children", "teens": "children",
    "babies": "newborn", "baby": "newborn", "infants": "newborn", "infant": "newborn",
    "seniors": "medicare", "elderly": "medicare", "employees": "commercial",
    "employer": "commercial", "chf": "failure", "ckd": "kidney", "t2dm": "diabetes",
    "mothers": "pregnant", "maternity": "pregnant", "obstetric": "pregnant",
    "cancer": "oncology", "chemotherapy": "oncology", "cabg": "cardiac", "household": "family",
    "households": "family", "families": "family", "frail": "complex", "multimorbid": "complex",
    "emphysema": "copd", "nicu": "newborn", "neonatal": "newborn", "peds": "pediatric",
    "paediatric": "pediatric",
}  # fmt: skip
"""Words of a search, and the word of a template's name or title that they mean."""

SEXES = {
    "F": r"wom[ae]n|females?|girls?",
    "M": r"m[ae]n|males?|boys?",
}

SHARES = {
    # words for a share, and the share that they are: exact, but for the first
    r"mostly|mainly|primarily|predominantly|largely|(?:a |the )?majority(?: of)?|most(?: of)?": 0.8,
    r"half(?: of)?": 0.5,
    r"two[- ]thirds(?: of)?": 0.6667,
    r"three[- ]quarters(?: of)?": 0.75,
    r"(?:a|one)[- ]third(?: of)?": 0.3333,
    r"(?:a|one) quarter of": 0.25,
    r"all(?: of)?|only|exclusively|entirely|everyone": 1.0,
}
VAGUE = 0.8
"""The share that "mostly" is taken for: assumption, and asked about."""

SOME = r"some|a few|a handful(?: of)?|(?:the )?rest|the remainder|the others?"
"""Words for what is left over by the other shares."""

NUMBERS = {
    "ten": 10, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "a dozen": 12, "a hundred": 100, "one hundred": 100, "two hundred": 200, "three hundred": 300,
    "five hundred": 500, "a thousand": 1000, "one thousand": 1000, "two thousand": 2000,
    "five thousand": 5000, "ten thousand": 10_000, "a million": 1_000_000,
}  # fmt: skip

_FUNCTION_WORDS = """
    a an the i we you they he she it them their my our me us its his her is are be am being been was
    were have has had having who whom whose that which this these those there here do does did can
    could will would should shall may might must i'd i'll i'm we'd we'll you'd let's id ill
    and of in on for from to at by as with into onto within through per via than
    please give make create generate build get let lets show need needs want wants like use using
    hello hi hey thanks thank so then also just now some any all each every about around roughly
    approximately what how when where if
    people persons person patient patients member members beneficiary beneficiaries enrollee
    enrollees individual individuals lives population cohort group sample dataset data set
    synthetic live living resident residents insured covered plan plans insurance coverage
    diagnosed old year years aged age ages template spec profile"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that say nothing by themselves: ignored where no rule and no open piece has them."""

_QUALIFYING_WORDS = """
    all each every any some about approximately roughly per during between within should must may
    if what when where year years old age aged diagnosed covered live living through from to"""
QUALIFYING_WORDS = frozenset(_QUALIFYING_WORDS.split())
"""Function words that change what an open piece means: they stay with it."""

_EMPTY = """
    a an the i we you they them their my our me us it its is are be been was were have has had
    who whom whose that which this these those need needs want wants would like please give make
    create generate build get let lets show with and or of in on for from to at by as all each
    every some any about around roughly approximately people persons person patient patients
    member members beneficiary beneficiaries enrollee enrollees individual individuals lives
    population cohort group data set dataset sample synthetic test live lives living resident
    residents insured covered coverage insurance plan plans using use can could will id ill im
    diagnosed diagnosis suffering condition conditions old years year aged age ages
    mix mixed realistic usual typical normal then also plus new do does having"""
EMPTY = frozenset(_EMPTY.split())
"""Words that say nothing about what a template is about."""

STATES = {
    # code: (name, neighbours, largest first)
    "AL": ("Alabama", ("FL", "GA")), "AK": ("Alaska", ("WA",)), "AZ": ("Arizona", ("CA", "NV")),
    "AR": ("Arkansas", ("TX", "TN")), "CA": ("California", ("AZ", "NV")),
    "CO": ("Colorado", ("AZ", "UT")), "CT": ("Connecticut", ("NY", "MA")),
    "DE": ("Delaware", ("PA", "MD")), "DC": ("District of Columbia", ("VA", "MD")),
    "FL": ("Florida", ("GA", "AL")), "GA": ("Georgia", ("FL", "NC")), "HI": ("Hawaii", ("CA",)),
    "ID": ("Idaho", ("WA", "OR")), "IL": ("Illinois", ("IN", "MO")),
    "IN": ("Indiana", ("IL", "OH")), "IA": ("Iowa", ("IL", "MN")), "KS": ("Kansas", ("MO", "CO")),
    "KY": ("Kentucky", ("OH", "TN")), "LA": ("Louisiana", ("TX", "MS")),
    "ME": ("Maine", ("MA", "NH")), "MD": ("Maryland", ("PA", "VA")),
    "MA": ("Massachusetts", ("NY", "CT")), "MI": ("Michigan", ("OH", "IN")),
    "MN": ("Minnesota", ("WI", "IA")), "MS": ("Mississippi", ("TN", "LA")),
    "MO": ("Missouri", ("IL", "KS")), "MT": ("Montana", ("ID", "WY")),
    "NE": ("Nebraska", ("IA", "KS")), "NV": ("Nevada", ("CA", "AZ")),
    "NH": ("New Hampshire", ("MA", "ME")), "NJ": ("New Jersey", ("NY", "PA")),
    "NM": ("New Mexico", ("TX", "AZ")), "NY": ("New York", ("NJ", "PA")),
    "NC": ("North Carolina", ("GA", "VA")), "ND": ("North Dakota", ("MN", "SD")),
    "OH": ("Ohio", ("PA", "MI")), "OK": ("Oklahoma", ("TX", "AR")),
    "OR": ("Oregon", ("WA", "CA")), "PA": ("Pennsylvania", ("NY", "NJ")),
    "RI": ("Rhode Island", ("MA", "CT")), "SC": ("South Carolina", ("NC", "GA")),
    "SD": ("South Dakota", ("MN", "NE")), "TN": ("Tennessee", ("GA", "KY")),
    "TX": ("Texas", ("OK", "LA")), "UT": ("Utah", ("AZ", "CO")), "VT": ("Vermont", ("NY", "NH")),
    "VA": ("Virginia", ("NC", "MD")), "WA": ("Washington", ("OR", "ID")),
    "WV": ("West Virginia", ("OH", "VA")), "WI": ("Wisconsin", ("IL", "MN")),
    "WY": ("Wyoming", ("CO", "UT")),
}  # fmt: skip
"""State codes, names and two neighbours, to which a vague rest is given."""

TERRITORIES = {
    "PR": ("Puerto Rico", ("FL",)), "GU": ("Guam", ("HI",)),
    "VI": ("Virgin Islands", ("PR", "FL")), "AS": ("American Samoa", ("HI",)),
    "MP": ("Northern Mariana Islands", ("GU",)),
}  # fmt: skip
"""Likewise; requests name them in full, since VI, AS and PR mean other things too."""


def state_name(code: str) -> str:
    """Return the name of a state or territory.

    >>> state_name("TX"), state_name("PR")
    ('Texas', 'Puerto Rico')
    """
    return (STATES.get(code) or TERRITORIES[code])[0]


def neighbours(code: str) -> tuple[str, ...]:
    """Return the neighbours of a state or territory, largest first."""
    return (STATES.get(code) or TERRITORIES[code])[1]
