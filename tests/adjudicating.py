"""An adjudicator for tests: decides claims and fills one after the other, in plain Python.

It reads tables, the documents of plans and the figures of the law, and follows the rules of
decision 0049. It imports nothing of the engine.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]

EPOCH = date(1970, 1, 1)
DATA = Path(__file__).parents[1] / "server/healthsim/billing/data"
NONE = 10**15
PRIMARY = {"family medicine", "internal medicine", "pediatrics"}
VISIT = {"office": "office", "telehealth": "telehealth", "urgent_care": "urgent_care",
         "emergency": "emergency", "observation": "emergency", "inpatient": "inpatient",
         "outpatient_hospital": "outpatient_hospital", "asc": "outpatient_hospital"}  # fmt: skip
AT_FACILITY = {"emergency", "observation", "inpatient", "outpatient_hospital", "asc"}


def _law() -> dict[tuple[str, int], int]:
    figures = {}
    with (DATA / "statutory.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            scale = 100 if row["unit"] == "usd" else 10_000
            figures[row["parameter"], int(row["year"])] = int(Decimal(row["value"]) * scale)
    return figures


LAW = _law()


def law(name: str, year: int) -> int:
    """Return a figure of a year, or of the nearest year of which it is known."""
    years = [known for parameter, known in LAW if parameter == name]
    return LAW[name, min(years, key=lambda known: (abs(known - year), known))]


def cents(usd: float) -> int:
    return round(usd * 100)


def points(share: float) -> int:
    return round(share * 10_000)


def part(amount: int, share: int) -> int:
    return (amount * share + 5_000) // 10_000


def day(number: int) -> date:
    return EPOCH + timedelta(days=number)


def benefit_year(number: int, first_month: int) -> int:
    when = day(number)
    return when.year if when.month >= first_month else when.year - 1


@dataclass
class Plan:
    """A plan by its document."""

    name: str
    design: Row

    def limits(self, kind: str, year: int) -> dict[str, int]:
        """Return deductible and maximum of a person and a family, in a year."""
        design = self.design
        if kind == "drug":
            own, most = design["drug_deductible_usd"], design["drug_oop_max_usd"]
            return {"deductible": law("part_d_deductible", year) if own == "law" else cents(own),
                    "family_deductible": NONE,
                    "oop_max": law("part_d_out_of_pocket_maximum", year) if most == "law"
                    else NONE if most is None else cents(most),
                    "family_oop_max": NONE}  # fmt: skip
        source = design["out_of_network"] if kind == "out_of_network" else design
        found = {}
        for bucket in ("deductible", "family_deductible", "oop_max", "family_oop_max"):
            amount = source[f"{bucket}_usd"]
            if amount == "law":
                top = "hdhp_maximum" if design["hdhp"] else "aca_maximum"
                found[bucket] = law("part_b_deductible" if bucket == "deductible" else top, year)
            else:
                found[bucket] = NONE if amount is None else cents(amount)
        return found

    @property
    def part_d(self) -> bool:
        return self.design["kind"].startswith("medicare")

    @property
    def original(self) -> bool:
        return self.design["kind"] == "medicare_original"

    @property
    def joint(self) -> bool:
        chosen = self.design["drug_limits"]
        return chosen == "joint" or (chosen is None and self.design["hdhp"])

    @property
    def by_period(self) -> bool:
        stated = {*self.design["copays_usd"], *self.design["coinsurance_shares"]}
        return self.original and not stated & {"inpatient", "snf"}


@dataclass
class Due:
    """What is to be shared of a line or fill."""

    amount: int = 0
    flat: int = 0
    deductible: bool = True
    copay: int | None = None
    share: int = 0
    most: int = NONE


@dataclass
class Paid:
    """What was decided of a line or fill."""

    deductible: int = 0
    coinsurance: int = 0
    copay: int = 0
    other: int = 0
    plan: int = 0
    moved: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class Adjudicator:
    """Decides every claim and fill in the order of processing, with balances in a dictionary."""

    def __init__(self, tables: dict[str, list[Row]], designs: dict[str, Row], preventive: set[int]):
        self.tables, self.preventive = tables, preventive
        self.plans = {name: Plan(name, design) for name, design in designs.items()}
        self.balance: dict[tuple[Any, ...], int] = defaultdict(int)
        self.visits: dict[tuple[Any, ...], int] = defaultdict(int)
        self.lines: dict[tuple[int, int], Paid] = {}
        self.fills: dict[int, Paid] = {}
        self.events: list[tuple[int, str, int, int, int]] = []
        self.encounters = {row["encounter_id"]: row for row in tables["encounters"]}
        self.specialty = {row["npi"]: row["specialty"] for row in tables["providers"]}
        self.admitted = {row["parent_encounter_id"] for row in tables["encounters"]}
        self.by_claim: dict[int, list[Row]] = defaultdict(list)
        for row in tables["claim_lines"]:
            self.by_claim[row["claim_id"]].append(row)
        covered: dict[tuple[int, str], set[int]] = defaultdict(set)
        for row in tables["enrollments"]:
            covered[row["person_id"] // 100, row["plan_id"]].add(row["person_id"])
        self.family = {key for key, people in covered.items() if len(people) > 1}
        self.services = _services()
        self.free = _preventive()
        self.insulins = {row["prescription_id"] for row in tables.get("prescriptions", [])
                         if (row["ingredient"] or "").startswith("insulin")}  # fmt: skip
        self.part_a = self._part_a()
        self.born = {row["person_id"]: day(row["birth_date"]) for row in tables["patients"]}
        self.pregnant: dict[int, list[Row]] = defaultdict(list)
        for row in tables["conditions"]:
            if row["code"].startswith(("O", "Z33", "Z34")):
                self.pregnant[row["person_id"]].append(row)

    def exempt(self, person: int, plan: Plan, number: int) -> bool:
        """Tell whether somebody owes no nominal copays on a day: minors and pregnant women."""
        if not plan.design["nominal_copays"]:
            return False
        born, on = self.born[person], day(number)
        age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        held = (one for one in self.pregnant[person] if one["onset_date"] <= number)
        return age < 18 or any(
            one["abatement_date"] is None or number < one["abatement_date"] for one in held
        )

    def run(self) -> None:
        """Decide everything: fills at noon, claims in the run at the end of the day."""
        queue = [((row["fill_date"], 0, 0, row["fill_id"]), self._fill, row)
                 for row in self.tables["fills"]]  # fmt: skip
        place = {row["claim_id"]: at for at, row in enumerate(self.tables["claims"])}
        queue += [
            ((row["reversed_date"], 1, 0, row["fill_id"]), self._reverse, row)
            for row in self.tables["fills"]
            if row["reversed_date"] is not None
        ]
        queue += [((row["decided_date"], 2, place[row["claim_id"]], 0), self._claim, row)
                  for row in self.tables["claims"]]  # fmt: skip
        for _, decide, row in sorted(queue, key=lambda one: one[0]):
            decide(row)

    # Claims

    def _claim(self, claim: Row) -> None:
        plan = self.plans[claim["plan_id"]]
        visit = self.encounters[claim["encounter_id"]]
        stay = self.part_a.get(claim["claim_id"])
        lines = self.by_claim[claim["claim_id"]]
        refused = self._beyond(claim, plan, lines, visit)
        allowed = {row["line"]: row["allowed_usd"] for row in lines}
        main = self._main(claim, lines)
        terms = self._terms(claim, plan, visit, lines, allowed, main, stay)
        moved: dict[tuple[Any, ...], list[int]] = {}
        for row in lines:
            due, kind, stated = terms[row["line"]]
            year = benefit_year(row["service_date"], plan.design["benefit_year"])
            paid = self._settle(claim["person_id"], plan, kind, year, due)
            exhausted = stated.get("exhausted", 0)
            result = Paid(moved=paid.moved, other=exhausted)
            flat, result.deductible, rest = paid.copay, paid.deductible, paid.coinsurance
            if "part_a" in stated:
                of_deductible = min(stated["part_a"], flat)
                result.deductible += of_deductible
                result.coinsurance += flat - of_deductible
            else:
                result.copay = flat
            if due.copay is not None:
                result.copay += rest
            else:
                result.coinsurance += rest
            owed = result.deductible + result.coinsurance + result.copay
            result.plan = allowed[row["line"]] - exhausted - owed
            result.extra["refused"] = row["line"] in refused
            self.lines[claim["claim_id"], row["line"]] = result
            for key, amount in paid.moved.items():
                entry = moved.setdefault(key, [0, 0])
                entry[0] += amount
                entry[1] = self.balance[key]
        for key, (amount, balance) in moved.items():
            self.events.append((claim["claim_id"], key[-1], key[-2], amount, balance))

    def _main(self, claim: Row, lines: list[Row]) -> int:
        if claim["form"] == "837I" and claim["drg"] is not None:
            rooms = [row["line"] for row in lines if row["procedure"] is None
                     and (row["revenue_code"] or "").startswith(("01", "020", "021"))]  # fmt: skip
            return rooms[0] if rooms else lines[0]["line"]
        return lines[0]["line"]

    def _terms(self, claim: Row, plan: Plan, visit: Row, lines: list[Row],
               allowed: dict[int, int], main: int, stay: Row | None
               ) -> dict[int, tuple[Due, str, Row]]:  # fmt: skip
        design, klass = plan.design, _class(lines, visit)
        institutional = claim["form"] == "837I"
        kind = VISIT.get(klass)
        if kind == "office" and self.specialty[visit["attending_npi"]] not in PRIMARY:
            kind = "specialist"
        preventive = claim["event_id"] in self.preventive and design["preventive_free"]
        preventive = preventive or self.exempt(claim["person_id"], plan, claim["from_date"])
        at_facility = klass in AT_FACILITY
        has_copay = kind in design["copays_usd"] and not preventive
        copay_here = has_copay and (institutional or not at_facility)
        covers = has_copay and at_facility and (institutional or not plan.original)
        emergency = klass in ("emergency", "observation") or (
            klass == "inpatient" and visit["encounter_id"] in self.admitted
        )
        outside = (claim["network"] == "out" and design["out_of_network"] is not None
                   and not emergency)  # fmt: skip
        served = set[str]()
        found = {}
        for row in lines:
            line, amount = row["line"], allowed[row["line"]]
            stated: Row = {}
            service = kind if kind in design["coinsurance_shares"] else None
            copay = None
            is_main = line == main
            if is_main and copay_here:
                copay, service = cents(design["copays_usd"][kind]), kind
            free = (preventive or covers or self._free(plan, row, klass, institutional)) and not (
                is_main and copay_here
            )
            own = self._service(row, klass)
            if copay is None and not free and own in {*design["copays_usd"],
                                                      *design["coinsurance_shares"]}:  # fmt: skip
                service = own
                if own in design["copays_usd"]:
                    free = own in served
                    copay = None if free else cents(design["copays_usd"][own])
                    served.add(own)
            due = self._due(plan, amount, copay, service)
            if "PT" in _modifiers(row) and plan.original and copay is None:
                due.deductible = False
                due.share = law("part_b_screening_turned_diagnostic", day(row["service_date"]).year)
            if stay is not None:
                free, due = not is_main, Due(amount)
                if is_main:
                    lost = amount * stay["exhausted"] // stay["days"]
                    owed = stay["deductible"] + stay["coinsurance"]
                    due = Due(amount - lost, min(owed, amount - lost), deductible=False)
                    stated = {"part_a": stay["deductible"], "exhausted": lost}
            limits = "medical"
            if outside:
                share = points(design["out_of_network"]["coinsurance_share"])
                due, free, limits = Due(amount, share=share), False, "out_of_network"
            found[line] = (Due(deductible=due.deductible) if free else due, limits, stated)
        return found

    def _due(self, plan: Plan, amount: int, copay: int | None, service: str | None) -> Due:
        """Return a line's terms by the copay and the share of its service."""
        design = plan.design
        own = design["coinsurance_shares"].get(service)
        share = points(design["coinsurance_share"] if own is None else own)
        if copay is None:
            return Due(amount, share=share)
        rule = design["copay_and_coinsurance"] if own is not None else None
        if rule in ("greater", "lesser"):
            copay = (max if rule == "greater" else min)(copay, part(amount, share))
        share = share if rule == "copay_then_coinsurance" else 0
        if design["hdhp"]:
            return Due(amount, copay=copay, share=share)
        return Due(amount, min(copay, amount), share > 0, share=share)

    def _service(self, row: Row, klass: str) -> str | None:
        for by, text in (("procedure", row["procedure"]), ("revenue", row["revenue_code"]),
                         ("class", klass)):  # fmt: skip
            sizes = range(len(text or ""), 0, -1)
            hit = next((self.services[by, text[:size]] for size in sizes
                        if (by, text[:size]) in self.services), None)  # fmt: skip
            if hit is not None:
                return hit
        return None

    def _free(self, plan: Plan, row: Row, klass: str, institutional: bool) -> bool:
        code = row["procedure"] or ""
        listed = any(code.startswith(one) for one in self.free[plan.part_d])
        listed = listed or ("33" in _modifiers(row) and not plan.part_d)
        if listed and plan.design["preventive_free"]:
            return True
        if not plan.original:
            return False
        test = (
            len(code) == 5
            and code.isdigit()
            and (code[:3] == "364" or (code[0] == "8" and code[:2] != "88"))
        )
        equipment = code[:1] in ("E", "K", "L")
        return test or (klass == "home_health" and institutional and not equipment)

    def _beyond(self, claim: Row, plan: Plan, lines: list[Row], visit: Row) -> set[int]:
        """Return the lines of visits beyond what the plan covers in a year."""
        beyond, counted = set(), set()
        for row in sorted(lines, key=lambda row: (row["service_date"], row["line"])):
            service = self._service(row, _class(lines, visit))
            limit = plan.design["visit_limits"].get(service)
            if limit is None:
                continue
            year = benefit_year(row["service_date"], plan.design["benefit_year"])
            key = (claim["person_id"], plan.name, service, year)
            if (key, row["service_date"]) not in counted:
                self.visits[key] += 1
                counted.add((key, row["service_date"]))
            if self.visits[key] > limit:
                beyond.add(row["line"])
        return beyond

    def _part_a(self) -> dict[int, Row]:
        """Return what each stay owes by benefit period."""
        found: dict[int, Row] = {}
        state: dict[int, Row] = {}
        for person, first, last, klass, claim_id in sorted(self._stays()):
            now = state.setdefault(person, {"end": None, "reserve": 0})
            if now["end"] is None or first - now["end"] >= 60:
                now |= {"begin": first, "hospital": 0, "nursing": 0}
            now["end"] = last if now["end"] is None else max(now["end"], last)
            count = max(last - first, 1)
            owed = {"days": count, "deductible": 0, "coinsurance": 0, "exhausted": 0}
            for _ in range(count):
                (_hospital_day if klass == "inpatient" else _nursing_day)(
                    now, owed, day(first).year
                )
            found[claim_id] = owed
        return found

    def _stays(self) -> Iterable[tuple[int, int, int, str, int]]:
        for claim in self.tables["claims"]:
            klass = self.encounters[claim["encounter_id"]]["encounter_class"]
            plan = self.plans[claim["plan_id"]]
            free = claim["event_id"] in self.preventive and plan.design["preventive_free"]
            stay = claim["form"] == "837I" and klass in ("inpatient", "snf")
            if stay and plan.by_period and not free:
                yield (claim["person_id"], claim["from_date"], claim["through_date"], klass,
                       claim["claim_id"])  # fmt: skip

    # Fills

    def _fill(self, row: Row) -> None:
        plan = self.plans[row["plan_id"]]
        design = plan.design
        price = row["ingredient_cost_usd"] + row["dispensing_fee_usd"] + row["reversed_cost_usd"]
        year = benefit_year(row["fill_date"], design["benefit_year"])
        months = -(-row["days_supply"] // 30)
        tier = design["drug_tiers_usd"].get(str(row["tier"]))
        insulin = plan.part_d and row["prescription_id"] in self.insulins
        share = design["drug_coinsurance_share"]
        if share is None:
            share = 0.25 if plan.part_d else design["coinsurance_share"]
        spared = row["tier"] < 3 and tier is not None and not plan.joint
        due = Due(price, deductible=not (spared or insulin), share=points(share),
                  copay=None if tier is None else cents(tier) * months)  # fmt: skip
        if insulin:
            due.most = law("part_d_insulin_month", year) * months
            if year >= 2026:
                due.most = min(due.most, part(price, 2_500))
        if self.exempt(row["person_id"], plan, row["fill_date"]):
            due.amount = 0
        kind = "medical" if plan.joint else "drug"
        room = self._room(row["person_id"], plan, kind, year)["oop_max"]
        paid = self._settle(row["person_id"], plan, kind, year, due)
        member = paid.deductible + paid.coinsurance
        result = Paid(paid.deductible, copay=paid.coinsurance, plan=price - member,
                      moved=paid.moved)  # fmt: skip
        self._part_d(result, row, plan, year, due, room, member)
        self.fills[row["fill_id"]] = result
        for key, amount in paid.moved.items():
            self.events.append((row["fill_id"], key[-1], key[-2], amount, self.balance[key]))

    def _reverse(self, row: Row) -> None:
        """Give back what a fill used up."""
        for key, amount in self.fills[row["fill_id"]].moved.items():
            self.balance[key] -= amount
            self.events.append((row["fill_id"], key[-1], key[-2], -amount, self.balance[key]))

    def _part_d(self, result: Paid, row: Row, plan: Plan, year: int, due: Due, room: int,
                member: int) -> None:  # fmt: skip
        """Part the price by phase, and let the subsidy pay its part."""
        level = plan.design["low_income_subsidy"]
        paid = member
        if level != "none":
            word = "generic" if row["generic"] else "brand"
            top = 0 if level == "institutional" else law(f"lis_{level}_{word}", year)
            paid = min(member, top)
            result.deductible, result.copay, result.plan = 0, paid, due.amount - paid
        if not (plan.part_d and year >= 2025 and due.amount > 0):
            return
        rest = due.amount - (member - self._rest(due, member, result, level))
        deductible = due.amount - rest
        left = room - deductible
        owed = min(rest, due.copay) if due.copay is not None else part(rest, due.share)
        owed_capped = min(owed, due.most)
        if left <= 0:
            initial = 0
        elif owed_capped <= left:
            initial = rest
        elif due.copay is None and owed <= due.most:
            initial = min(rest, left * 10_000 // due.share)
        else:
            initial = min(rest, rest * left // owed_capped)
        above = rest - initial
        brand = not row["generic"]
        discount = 0
        if brand:
            discount = part(initial, law("part_d_manufacturer_initial", year)) + part(
                above, law("part_d_manufacturer_catastrophic", year)
            )
        paid_back = "applicable" if brand else "other"
        result.extra = {
            "below_threshold_usd": due.amount - above, "above_threshold_usd": above,
            "patient_pay_usd": paid, "low_income_subsidy_usd": member - paid,
            "true_out_of_pocket_usd": member, "manufacturer_discount_usd": discount,
            "plan_paid_usd": due.amount - member - discount,
            "reinsurance_usd": part(above, law(f"part_d_reinsurance_{paid_back}", year)),
        }  # fmt: skip

    def _rest(self, due: Due, member: int, result: Paid, level: str) -> int:
        """Return what was owed besides the deductible."""
        met = next((amount for key, amount in result.moved.items()
                    if key[-1] == "drug_deductible"), 0)  # fmt: skip
        return member - met

    # Limits

    def _keys(self, person: int, plan: Plan, kind: str, year: int) -> dict[str, tuple[Any, ...]]:
        scope = "" if kind == "drug" and plan.part_d else plan.name
        prefix = "" if kind == "medical" else f"{kind}_"
        keys = {}
        for bucket in ("deductible", "family_deductible", "oop_max", "family_oop_max"):
            owner = ("family", person // 100) if "family" in bucket else ("person", person)
            keys[bucket] = (*owner, scope, year, f"{prefix}{bucket}")
        return keys

    def _limits(self, person: int, plan: Plan, kind: str, year: int) -> dict[str, int]:
        limits = plan.limits(kind, year)
        if (person // 100, plan.name) not in self.family:
            limits["family_deductible"] = limits["family_oop_max"] = NONE
        elif plan.design["family_limits"] == "aggregate" and kind != "drug":
            limits["deductible"] = NONE
        return limits

    def _room(self, person: int, plan: Plan, kind: str, year: int) -> dict[str, int]:
        limits, keys = self._limits(person, plan, kind, year), self._keys(person, plan, kind, year)
        room = {name: max(0, limits[name] - self.balance[keys[name]]) for name in limits}
        return {name: min(room[name], room[f"family_{name}"]) for name in ("deductible", "oop_max")}

    def _settle(self, person: int, plan: Plan, kind: str, year: int, due: Due) -> Paid:
        """Share an amount; the result has deductible, flat as copay, and the rest."""
        room = self._room(person, plan, kind, year)
        above = due.amount - due.flat
        met = min(above, room["deductible"], room["oop_max"]) if due.deductible else 0
        rest = above - met
        owed = min(due.copay, rest) if due.copay is not None else part(rest, due.share)
        owed = min(owed, due.most)
        total = min(met + due.flat + owed, room["oop_max"])
        flat = min(due.flat, total - met)
        moved = {}
        limits, keys = self._limits(person, plan, kind, year), self._keys(person, plan, kind, year)
        for bucket, amount in (("deductible", met), ("family_deductible", met), ("oop_max", total),
                               ("family_oop_max", total)):  # fmt: skip
            if amount and limits[bucket] < NONE:
                self.balance[keys[bucket]] += amount
                moved[keys[bucket]] = amount
        return Paid(deductible=met, copay=flat, coinsurance=total - met - flat, moved=moved)


def _hospital_day(now: Row, owed: Row, year: int) -> None:
    now["hospital"] += 1
    if now["hospital"] == 1:
        owed["deductible"] = law("part_a_deductible", day(now["begin"]).year)
    if now["hospital"] > 90:
        now["reserve"] += 1
        if now["reserve"] > 60:
            owed["exhausted"] += 1
        else:
            owed["coinsurance"] += law("part_a_lifetime_reserve_day", year)
    elif now["hospital"] > 60:
        owed["coinsurance"] += law("part_a_day_61_90", year)


def _nursing_day(now: Row, owed: Row, year: int) -> None:
    now["nursing"] += 1
    if now["nursing"] > 100:
        owed["exhausted"] += 1
    elif now["nursing"] > 20:
        owed["coinsurance"] += law("snf_day_21_100", year)


def _class(lines: list[Row], visit: Row) -> str:
    """Return what sort of visit a claim bills; a laboratory's (place of service 81) is none."""
    return "laboratory" if lines[0]["pos"] == "81" else visit["encounter_class"]


def _modifiers(row: Row) -> set[str]:
    return {row[f"modifier_{place}"] for place in range(1, 5)}


def _services() -> dict[tuple[str, str], str]:
    with (DATA / "benefit_services.csv").open(encoding="utf-8") as file:
        return {(row["by"], row["pattern"]): row["service"] for row in csv.DictReader(file)}


def _preventive() -> dict[bool, list[str]]:
    with (DATA / "preventive_services.csv").open(encoding="utf-8") as file:
        rows: Iterable[Row] = list(csv.DictReader(file))
    return {medicare: [row["pattern"] for row in rows
                       if row["medicare" if medicare else "others"] == "true"]
            for medicare in (True, False)}  # fmt: skip
