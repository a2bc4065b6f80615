"""What people and other software call the keys and steps of a specification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_CALLED: Mapping[str, str] = {
    # the key or the kind of step: what it is called elsewhere
    "mean": "mu average avg lambda lam expected loc",
    "sd": "sigma std stdev stddev standard_deviation deviation",
    "low": "min minimum lower lower_bound",
    "high": "max maximum upper upper_bound",
    "chance": "probability prob p likelihood percent proportion",
    "share": "probability prob p prevalence proportion fraction percent percentage rate chance",
    "weight": "probability prob p proportion fraction percent percentage share chance",
    "per_year": "rate incidence annual_rate yearly frequency lambda",
    "within_days": "within days horizon",
    "times": "count repeats repetitions repeat number max_times",
    "every": "interval frequency period each",
    "day": "days offset day_offset start_day",
    "earliest": "start from first begin",
    "latest": "end until to last stop",
    "begins": "start starts begin start_date",
    "through": "end until end_date last_date",
    "as_of": "start date start_date reference_date",
    "duration_days": "duration length length_days days",
    "loinc": "code test lab lab_code loinc_code",
    "code": "icd icd10 icd10cm icd_code diagnosis cpt hcpcs procedure condition",
    "drug": "medication medicine drug_name name rx rxnorm ndc",
    "days_supply": "supply days supply_days",
    "result": "value values",
    "gender": "sex",
    "born": "birth_year birth_date year_of_birth birthdate dob",
    "comorbidities": "conditions diagnoses comorbid secondary",
    "medications": "drugs medicines prescriptions",
    "conditions": "diagnoses",
    "primary": "primary_condition main diagnosis",
    "los_days": "length_of_stay los stay days",
    "encounter_class": "class kind setting visit_type type",
    "cycle_days": "cycle_length cycle_duration days",
    "when": "if condition where filter",
    "otherwise": "else default",
    "oop_max_usd": "out_of_pocket_max out_of_pocket_usd oop_max oop out_of_pocket_maximum_usd",
    "deductible_usd": "deductible",
    "coinsurance_share": "coinsurance coinsurance_rate",
    "copays_usd": "copays copay",
    "drug_tiers_usd": "tiers drug_tiers drug_copays formulary",
    "eligible": "eligibility inclusion criteria",
    "attributes": "variables characteristics",
    "prescription": "medication drug rx medication_request",
    "encounter": "visit admission hospitalization stay appointment",
    "immunization": "vaccine vaccination shot",
    "lab": "test observation laboratory lab_result",
    "vital": "vitals vital_sign measurement",
    "diagnosis": "condition",
    "repeat": "loop recurring every",
    "branch": "choice split decision if",
}


def called(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that are called `name` elsewhere.

    >>> called("sigma", ["mean", "sd"]), called("sigma", ["code"])
    (['sd'], [])
    """
    word = name.lower().replace("-", "_")
    return [other for other in known if word in _CALLED.get(other, "").split()]
