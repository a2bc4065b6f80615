"""A plan: how it shares allowed amounts and prices of drugs with its members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from healthsim.billing.benefits.statutory import figure, known_years
from healthsim.specification.document import Strict, faults_at

_DECIMALS = 6  # of a share, as tables store it


def _storable(share: float) -> float:
    """Return a share with the decimals that its column has; refuse one that would be nothing."""
    kept = round(share, _DECIMALS)
    if share and not kept:
        raise ValueError(f"{share:g} is below 0.000001; use a larger share, or leave it out")
    return kept


Money = Annotated[float, Field(strict=True, ge=0, le=10_000_000, multiple_of=0.01)]
Positive = Annotated[float, Field(strict=True, gt=0, le=10_000_000, multiple_of=0.01)]
Share = Annotated[float, Field(strict=True, ge=0, le=1), AfterValidator(_storable)]
Law = Literal["law"]
Service = Literal[
    "office", "specialist", "telehealth", "urgent_care", "emergency", "inpatient",
    "outpatient_hospital", "laboratory", "imaging", "physical_therapy", "mental_health", "dialysis",
    "snf", "home_health",
]  # fmt: skip
"""Services for which a plan may have a copay or a coinsurance of its own."""
Limited = Literal["physical_therapy", "mental_health", "home_health"]
CopayRule = Literal["copay_then_coinsurance", "greater", "lesser"]


_NOMINAL = {
    "inpatient": "medicaid_inpatient_maximum", "emergency": "medicaid_emergency_maximum",
}  # fmt: skip


def _nominal_of_tier(tier: str) -> str:
    """Return what limits the copay of a tier: the first three are preferred drugs."""
    return "medicaid_preferred_drug_maximum" if tier <= "3" else "medicaid_other_drug_maximum"


class PlanNetwork(Strict):
    """A plan's network, and how its members use it.

    Attributes:
        in_share: share of practices and facilities in it, at least one of a county or state.
        outside: weight of going outside, relative to inside; 0: only in emergencies.
        mail_order_share: share of members who get supplies of 84 days and more by mail.
    """

    in_share: Annotated[float, Field(strict=True, gt=0, le=1), AfterValidator(_storable)] = 1.0
    outside: Share = 0.0
    mail_order_share: Share = 0.0


class OutOfNetwork(Strict):
    """What members owe outside of the network, and balance bills; emergencies are as inside.

    Attributes:
        deductible_usd: of a person and year.
        family_deductible_usd, family_oop_max_usd: of a household.
        oop_max_usd: of a person and year; default: none.
        coinsurance_share: after this deductible.
    """

    deductible_usd: Money = 0
    family_deductible_usd: Money | None = None
    oop_max_usd: Positive | None = None
    family_oop_max_usd: Positive | None = None
    coinsurance_share: Share = 0.4

    @model_validator(mode="after")
    def _limits_fit(self) -> OutOfNetwork:
        if faults := [((), fault) for fault in limit_faults(self)]:
            raise faults_at(faults)
        return self


class PlanDesign(Strict):
    """How a plan shares an allowed amount with its member. All money is US dollars.

    "law" in place of an amount is the law's figure of each benefit year.

    Attributes:
        kind: who pays.
        hdhp: high-deductible: drugs meet it too, copays come after.
        deductible_usd: medical, of a person and year; "law": of Part B.
        family_deductible_usd, family_oop_max_usd: of a household; meets a person's.
        oop_max_usd: medical maximum of a person and year; default: none.
        family_limits: "aggregate": in a family only its deductible counts.
        coinsurance_share: the member's share after the deductible.
        coinsurance_shares: of single services.
        copays_usd: by service: of a visit (office, specialist, telehealth, urgent_care, emergency,
            inpatient, outpatient_hospital), others of a line.
        copay_and_coinsurance: how both go together.
        visit_limits: in a benefit year; more are denied.
        out_of_network: what is owed outside; default: as inside.
        drug_tiers_usd: of a 30-day fill by tier, "1" to "5".
        drug_coinsurance_share: where a tier has no copay; default: 25 % in Medicare.
        drug_limits: "joint": drugs use up the medical limits; default: joint of an HDHP.
        drug_deductible_usd: of a person and year; "law": of Part D.
        drug_oop_max_usd: default: none; "law": of Part D.
        low_income_subsidy: level of Medicare's drug copays.
        nominal_copays: Medicaid's: within the law's, none of minors and pregnant women.
        preventive_free: preventive services cost nothing.
        benefit_year: month in which it begins.
        coverage_dates: "month": from the first, to the end of one; "day": as stated.
        grace_months: for an unpaid premium; 3 on a marketplace with tax credit.
        premium_usd: monthly, of who holds it.
        family_premium_usd: of who holds it for others too.
        price_level: mean, relative to Medicare's; default: usual of its kind.
        network: default: all are in it.
    """

    kind: Literal["medicare_advantage", "medicare_original", "commercial", "medicaid"]
    hdhp: bool = False
    deductible_usd: Money | Law = 0.0
    family_deductible_usd: Money | None = None
    oop_max_usd: Positive | Law | None = None
    family_oop_max_usd: Positive | None = None
    family_limits: Literal["embedded", "aggregate"] = "embedded"
    coinsurance_share: Share = 0.2
    coinsurance_shares: dict[Service, Share] = {}
    copays_usd: dict[Service, Money] = {}
    copay_and_coinsurance: CopayRule | None = None
    visit_limits: dict[Limited, Annotated[int, Field(strict=True, ge=1, le=365)]] = {}
    out_of_network: OutOfNetwork | None = None
    drug_tiers_usd: dict[Literal["1", "2", "3", "4", "5"], Money] = {}
    drug_coinsurance_share: Share | None = None
    drug_limits: Literal["separate", "joint"] | None = None
    drug_deductible_usd: Money | Law = 0.0
    drug_oop_max_usd: Positive | Law | None = None
    low_income_subsidy: Literal["none", "full", "dual", "institutional"] = "none"
    nominal_copays: bool = False
    preventive_free: bool = True
    benefit_year: Annotated[int, Field(strict=True, ge=1, le=12, description="first month")] = 1
    coverage_dates: Literal["month", "day"] = "month"
    grace_months: Annotated[int, Field(strict=True, ge=0, le=3)] = 0
    premium_usd: Money = 0
    family_premium_usd: Money | None = None
    price_level: Annotated[float, Field(strict=True, gt=0, le=2.2)] | None = None
    network: PlanNetwork = PlanNetwork()

    @property
    def medicare(self) -> bool:
        """Whether its drugs are those of Part D."""
        return self.kind in ("medicare_advantage", "medicare_original")

    @property
    def joint_drugs(self) -> bool:
        """Whether drugs use up the medical deductible and maximum."""
        return self.drug_limits == "joint" or (self.drug_limits is None and self.hdhp)

    @property
    def by_benefit_period(self) -> bool:
        """Whether stays follow Part A: its deductible, its days, those of nursing facilities."""
        stated = {*self.copays_usd, *self.coinsurance_shares} & {"inpatient", "snf"}
        return self.kind == "medicare_original" and not stated

    @property
    def uses_law(self) -> bool:
        """Whether any of its amounts is the law's of the year."""
        amounts = (self.deductible_usd, self.oop_max_usd, self.drug_deductible_usd,
                   self.drug_oop_max_usd)  # fmt: skip
        return "law" in amounts or self.by_benefit_period or self.low_income_subsidy != "none"

    @model_validator(mode="after")
    def _parts_agree(self) -> PlanDesign:
        if faults := [((), fault) for fault in self._contradictions()]:
            raise faults_at(faults)
        return self

    def _contradictions(self) -> Iterator[str]:
        yield from limit_faults(self)
        yield from self._drug_limit_contradictions()
        yield from self._copay_contradictions()
        yield from self._nominal_contradictions()
        yield from self._drug_contradictions()
        yield from self._law_contradictions()
        if self.family_limits == "aggregate" and self.family_deductible_usd is None:
            yield ("family_limits is aggregate and there is no family_deductible_usd; add it, or "
                   "remove family_limits")  # fmt: skip
        if self.hdhp and self.kind != "commercial":
            yield f"hdhp is of commercial plans and kind is {self.kind}; remove hdhp"

    def _drug_limit_contradictions(self) -> Iterator[str]:
        first, most = self.drug_deductible_usd, self.drug_oop_max_usd
        if isinstance(first, float) and isinstance(most, float) and first > most:
            yield _above("drug_deductible_usd", first, "drug_oop_max_usd", most)

    def _copay_contradictions(self) -> Iterator[str]:
        both = [name for name in self.copays_usd if name in self.coinsurance_shares]
        if both and self.copay_and_coinsurance is None:
            name = both[0]
            yield (f"{name} has a copay of {self.copays_usd[name]:g} and a coinsurance share of "
                   f"{self.coinsurance_shares[name]:g}, and nothing says how they go together; "
                   "remove one, or add copay_and_coinsurance: copay_then_coinsurance, greater or "
                   "lesser")  # fmt: skip
        if self.copay_and_coinsurance is not None and not both:
            yield ("copay_and_coinsurance is given and no service has both a copay and a "
                   "coinsurance share of its own; remove it, or add the service to "
                   "coinsurance_shares")  # fmt: skip

    def _nominal_contradictions(self) -> Iterator[str]:
        """Yield what is not nominal: above the law's maximum, or owed otherwise (42 CFR 447.52)."""
        if not self.nominal_copays:
            return
        if self.kind != "medicaid":
            yield f"nominal_copays is of Medicaid and kind is {self.kind}; remove it"
        years = f"{known_years()[0]} to {known_years()[-1]}"
        of_services = [(str(name), usd, _NOMINAL.get(name, "medicaid_outpatient_maximum"))
                       for name, usd in self.copays_usd.items()]  # fmt: skip
        of_drugs = [(f"drug tier {tier}", usd, _nominal_of_tier(tier))
                    for tier, usd in self.drug_tiers_usd.items()]  # fmt: skip
        for name, usd, parameter in [*of_services, *of_drugs]:
            most = figure(parameter, known_years()[-1]) / 100
            if usd > most:
                yield (f"the copay of {name} is {usd:g} and nominal_copays is true; Medicaid's "
                       f"maximum is {most:g} in {years}; give at most that, or remove "
                       "nominal_copays")  # fmt: skip

    def _drug_contradictions(self) -> Iterator[str]:
        if self.hdhp and self.drug_limits == "separate":
            yield ("hdhp is true and drug_limits is separate, and the tax law knows no deductible "
                   "of drugs alone; remove one of them")  # fmt: skip
        if self.joint_drugs and self.medicare:
            yield ("drug_limits is joint in a Medicare plan, and Part D has limits of its own by "
                   "law; remove drug_limits")  # fmt: skip
        apart = self.drug_deductible_usd != 0 or self.drug_oop_max_usd is not None
        if self.joint_drugs and apart:
            yield ("drugs use up the medical deductible and maximum here, and drug_deductible_usd "
                   "or drug_oop_max_usd is given; remove it, or set drug_limits to "
                   "separate")  # fmt: skip
        if self.low_income_subsidy != "none" and not self.medicare:
            yield (f"low_income_subsidy is of Medicare plans and kind is {self.kind}; remove "
                   "it")  # fmt: skip

    def _law_contradictions(self) -> Iterator[str]:
        if self.deductible_usd == "law" and self.kind != "medicare_original":
            yield (f"deductible_usd is law, which is Part B's, and kind is {self.kind}; give an "
                   "amount")  # fmt: skip
        if self.oop_max_usd == "law" and self.kind != "commercial":
            yield (f"oop_max_usd is law, which is that of commercial plans, and kind is "
                   f"{self.kind}; give an amount, or remove it")  # fmt: skip
        if "law" in (self.drug_deductible_usd, self.drug_oop_max_usd) and not self.medicare:
            yield (f"drug_deductible_usd or drug_oop_max_usd is law, which is Part D's, and kind "
                   f"is {self.kind}; give an amount")  # fmt: skip


_FAMILYS = (("deductible_usd", "family_deductible_usd"), ("oop_max_usd", "family_oop_max_usd"))
_WITHIN = (("deductible_usd", "oop_max_usd"), ("family_deductible_usd", "family_oop_max_usd"))


def limit_faults(limits: PlanDesign | OutOfNetwork) -> Iterator[str]:
    """Yield families' limits below a person's, and deductibles above the maximum that ends them."""
    for own, family in _FAMILYS:
        person, household = getattr(limits, own), getattr(limits, family)
        if isinstance(person, float) and household is not None and household < person:
            yield (f"{family} {household:g} is below {own} {person:g}; raise it to at least "
                   f"{person:g}")  # fmt: skip
    for deductible, maximum in _WITHIN:
        first, most = getattr(limits, deductible), getattr(limits, maximum)
        if isinstance(first, float) and isinstance(most, float) and first > most:
            yield _above(deductible, first, maximum, most)


def _above(deductible: str, first: float, maximum: str, most: float) -> str:
    return (f"{deductible} {first:g} is above {maximum} {most:g}, so that it is never met; lower "
            f"it to at most {most:g}, or raise {maximum}")  # fmt: skip
