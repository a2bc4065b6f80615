"""The plan designs of one run as arrays, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.accumulators import KINDS
from healthsim.billing.benefits.contract_prices import class_levels, class_spreads, price_classes
from healthsim.billing.benefits.coverage_dates import CoverageDates
from healthsim.billing.benefits.statutory import by_known_year, figure, known_years, year_index
from healthsim.limits import NO_LIMIT, Cents
from healthsim.products.membersim.designs import BUILT_IN
from healthsim.products.membersim.tables import PLAN_YEARS, PLANS
from healthsim.specification.profiles.plan_design import CopayRule, PlanDesign, Service
from healthsim.tables import NO_NUMBER, Coded, Columns

__all__ = ["BUILT_IN", "COPAY_KINDS", "TIERS", "PlanTable", "is_uninsured"]

COPAY_KINDS: tuple[Service, ...] = get_args(Service)
"""Services that a plan may charge a copay for; the columns of `PlanTable.copay_cents`."""

TIERS = ("1", "2", "3", "4", "5")
"""Formulary tiers; the columns of `PlanTable.tier_cents`."""

COPAY_RULES: tuple[CopayRule, ...] = get_args(CopayRule)
"""How copay and coinsurance of one service go together, by `PlanTable.copay_rule`."""

LIS_LEVELS = ("none", "full", "dual", "institutional")
"""Levels of the low-income subsidy, by `PlanTable.subsidy`."""

UNINSURED = "Uninsured"


def is_uninsured(name: str) -> bool:
    """Return whether a plan name means that there is no plan.

    >>> is_uninsured("uninsured"), is_uninsured("MA-HMO")
    (True, False)
    """
    return name.casefold() in {UNINSURED.casefold(), "none"}


@dataclass(frozen=True, eq=False)
class PlanTable:
    """The plans of one run, as arrays by plan number, shape (p,) unless said.

    Attributes:
        names: plan names; a plan's number is its place here.
        designs: the designs, in the same order.
        years: calendar years of the data, in order.
        limits: int64 cents, shape (3, p, y, 4): by `KINDS`, plan, known year of the law, and
            `billing.accumulators.LIMITS`; `NO_LIMIT` where there is none.
        coinsurance_points: int64 basis points, shape (p, 15), member's share after the deductible
            by `COPAY_KINDS`, and last of everything else.
        own_coinsurance: bool, shape (p, 15), the service has a share of its own.
        copay_cents: int64, shape (p, 15), by `COPAY_KINDS`; -1 where the plan has none.
        copay_rule: int32, place in `COPAY_RULES`; -1 where none.
        tier_cents: int64, shape (p, 5), copay of a 30-day fill by tier; -1 where none.
        drug_points: int64 basis points, member's share of a fill whose tier has no copay.
        part_d: bool, drugs are those of Medicare's Part D.
        subsidy: int32, place in `LIS_LEVELS`.
        joint_drugs: bool, drugs use up the medical limits.
        aggregate: bool, in a family only the family's deductible counts.
        copay_after: bool, copays are owed after the deductible.
        has_outside: bool, there are limits of their own out of network.
        outside_points: int64 basis points, member's share out of network.
        nominal_copays: bool, minors and pregnant women owe nothing.
        preventive_free: bool, preventive visits cost the member nothing.
        original: bool, Original Medicare: laboratory tests (42 USC 1395l(a)(1)(D)) and home
            health (42 USC 1395l(a)(2)(A)) cost the member nothing.
        by_benefit_period: bool, stays follow Part A.
        stay_covers_physicians: bool, a facility's copay covers the physicians' claims too; not
            in Original Medicare, where they fall under Part B.
        visit_limits: int64, shape (p, 15), visits of a service in a benefit year; -1 where none.
        price_levels: float64, shape (p, classes), allowed amounts relative to Medicare's by
            `billing.benefits.contract_prices.price_classes`.
        price_spreads: float64, shape (p, classes), of providers' contracts around it, of the log.
        first_month: int32, month in which the benefit year begins.
        mail_order_share: float64, share of members who have long supplies sent by mail.
        coverage_dates: on which days coverage begins and ends.
    """

    names: tuple[str, ...]
    designs: tuple[PlanDesign, ...]
    years: tuple[int, ...]
    limits: Cents
    coinsurance_points: NDArray[np.int64]
    own_coinsurance: NDArray[np.bool_]
    copay_cents: Cents
    copay_rule: NDArray[np.int32]
    tier_cents: Cents
    drug_points: NDArray[np.int64]
    part_d: NDArray[np.bool_]
    subsidy: NDArray[np.int32]
    joint_drugs: NDArray[np.bool_]
    aggregate: NDArray[np.bool_]
    copay_after: NDArray[np.bool_]
    has_outside: NDArray[np.bool_]
    outside_points: NDArray[np.int64]
    nominal_copays: NDArray[np.bool_]
    preventive_free: NDArray[np.bool_]
    original: NDArray[np.bool_]
    by_benefit_period: NDArray[np.bool_]
    stay_covers_physicians: NDArray[np.bool_]
    visit_limits: NDArray[np.int64]
    price_levels: NDArray[np.float64]
    price_spreads: NDArray[np.float64]
    first_month: NDArray[np.int32]
    mail_order_share: NDArray[np.float64]
    coverage_dates: CoverageDates

    @classmethod
    def of(cls, plans: Mapping[str, PlanDesign], years: Iterable[int] | None = None) -> PlanTable:
        """Return the table of the plans that a profile names, built-in or its own.

        Args:
            plans: designs by name.
            years: of the data; by default those of which the law's figures are known.
        """
        designs = tuple(plans.values())
        original = _flags(design.kind == "medicare_original" for design in designs)
        shares = [design.coinsurance_shares for design in designs]
        return cls(
            names=tuple(plans),
            designs=designs,
            years=known_years() if years is None else tuple(years),
            limits=np.array(
                [[_limits(design, kind) for design in designs] for kind in KINDS], dtype=np.int64
            ).reshape(len(KINDS), len(designs), len(known_years()), 4),
            coinsurance_points=_points(designs),
            own_coinsurance=np.array(
                [[*(kind in row for kind in COPAY_KINDS), False] for row in shares], dtype=bool
            ).reshape(len(designs), len(COPAY_KINDS) + 1),
            copay_cents=_matrix([design.copays_usd for design in designs], (*COPAY_KINDS, "")),
            copay_rule=np.array(
                [_place(design.copay_and_coinsurance, COPAY_RULES) for design in designs],
                dtype=np.int32,
            ),
            tier_cents=_matrix([design.drug_tiers_usd for design in designs], TIERS),
            drug_points=np.array([_drug_points(design) for design in designs], dtype=np.int64),
            part_d=_flags(design.medicare for design in designs),
            subsidy=np.array(
                [LIS_LEVELS.index(design.low_income_subsidy) for design in designs], dtype=np.int32
            ),
            joint_drugs=_flags(design.joint_drugs for design in designs),
            aggregate=_flags(design.family_limits == "aggregate" for design in designs),
            copay_after=_flags(design.hdhp for design in designs),
            has_outside=_flags(design.out_of_network is not None for design in designs),
            outside_points=np.array(
                [
                    0
                    if d.out_of_network is None
                    else round(d.out_of_network.coinsurance_share * 1e4)
                    for d in designs
                ],
                dtype=np.int64,
            ),
            nominal_copays=_flags(design.nominal_copays for design in designs),
            preventive_free=_flags(design.preventive_free for design in designs),
            original=original,
            by_benefit_period=_flags(design.by_benefit_period for design in designs),
            stay_covers_physicians=~original,
            visit_limits=np.array(
                [[*(_visits(d, kind) for kind in COPAY_KINDS), -1] for d in designs],
                dtype=np.int64,
            ).reshape(len(designs), len(COPAY_KINDS) + 1),
            price_levels=_by_class([class_levels(d.kind, d.price_level) for d in designs]),
            price_spreads=_by_class([class_spreads(d.kind) for d in designs]),
            first_month=np.array([design.benefit_year for design in designs], dtype=np.int32),
            mail_order_share=np.array(
                [design.network.mail_order_share for design in designs], dtype=np.float64
            ),
            coverage_dates=CoverageDates.of(
                [design.kind for design in designs],
                [design.coverage_dates == "day" for design in designs],
                [design.grace_months for design in designs],
            ),
        )

    def limits_of(
        self, kind: NDArray[np.int32], plan: NDArray[np.int32], year: NDArray[np.int32]
    ) -> Cents:
        """Return the four limits of rows, int64 cents, shape (4, n), by `LIMITS`.

        Args:
            kind: int32, shape (n,), place in `KINDS`.
            plan: int32, shape (n,), plan number.
            year: int32, shape (n,), benefit year; outside of the known ones, the nearest known.
        """
        _, plans, years, _ = self.limits.shape
        place = (kind.astype(np.intp) * plans + plan) * years + year_index(year)
        return np.ascontiguousarray(self.limits.reshape(-1, 4).T)[:, place]

    def rows(self) -> Columns:
        """Return the rows of table `plans`, ordered by plan_id; amounts of the first year."""
        order = self._by_name()
        designs = [self.designs[at] for at in order]
        own = [self.amounts_of(at, self.years[0]) for at in order]
        return PLANS.complete({
            "plan_id": Coded.of([self.names[at] for at in order]),
            "kind": Coded.of([design.kind for design in designs]),
            "benefit_year": np.array([design.benefit_year for design in designs], dtype=np.int32),
            **{name: np.maximum([row[name] for row in own], 0) for name in _PLAN_AMOUNTS},
            "coinsurance_share": np.array([d.coinsurance_share for d in designs], dtype=float),
            "preventive_free": np.array([d.preventive_free for d in designs], dtype=bool),
            "nominal_copays": np.array([d.nominal_copays for d in designs], dtype=bool),
            "hdhp": np.array([d.hdhp for d in designs], dtype=bool),
            "family_limits": Coded.of([d.family_limits for d in designs]),
            "drug_limits": Coded.of(["joint" if d.joint_drugs else "separate" for d in designs]),
            "low_income_subsidy": Coded.of([d.low_income_subsidy for d in designs]),
            "premium_usd": _cents([design.premium_usd for design in designs]),
            "coverage_dates": Coded.of([design.coverage_dates for design in designs]),
            "in_network_share": np.array([d.network.in_share for d in designs], dtype=float),
            "outside_weight": np.array([d.network.outside for d in designs], dtype=float),
        })  # fmt: skip

    def year_rows(self) -> Columns:
        """Return the rows of table `plan_years`, ordered by plan_id and year."""
        order = [(at, year) for at in self._by_name() for year in self.years]
        amounts = [self.amounts_of(at, year) for at, year in order]
        names = [column.name for column in PLAN_YEARS.columns[2:]]
        return PLAN_YEARS.complete(
            {
                "plan_id": Coded.of([self.names[at] for at, _ in order]),
                "year": np.array([year for _, year in order], dtype=np.int32),
                **{
                    name: np.array([row[name] for row in amounts], dtype=np.int64) for name in names
                },
            }
        )

    def _by_name(self) -> list[int]:
        return sorted(range(len(self.names)), key=lambda at: self.names[at])

    def amounts_of(self, plan: int, year: int) -> dict[str, np.int64]:
        """Return the limits of a plan in a year by column of `plan_years`, cents; null where none.

        Args:
            plan: plan number.
            year: calendar year in which the benefit year begins.
        """
        place = int(year_index(np.array([year], dtype=np.int32))[0])
        joint, outside = self.joint_drugs[plan], self.has_outside[plan]
        absent = {"drug": joint, "out_of_network": not outside, "medical": False}
        found = {}
        for kind, word in enumerate(KINDS):
            prefix = "" if word == "medical" else f"{word}_"
            for column, cents in zip(_LIMIT_COLUMNS, self.limits[kind, plan, place], strict=True):
                none = absent[word] or cents >= NO_LIMIT
                found[f"{prefix}{column}"] = NO_NUMBER if none else np.int64(cents)
        return found


_LIMIT_COLUMNS = ("deductible_usd", "family_deductible_usd", "oop_max_usd", "family_oop_max_usd")
_PLAN_AMOUNTS = (*_LIMIT_COLUMNS, "drug_deductible_usd", "drug_oop_max_usd")
_NONE = int(NO_LIMIT)


def _limits(design: PlanDesign, kind: str) -> list[list[int]]:
    """Return the four limits of one kind by known year."""
    if kind == "drug":
        amounts = [
            _by_year(design.drug_deductible_usd, "part_d_deductible"), _by_year(None),
            _by_year(design.drug_oop_max_usd, "part_d_out_of_pocket_maximum"), _by_year(None),
        ]  # fmt: skip
    elif kind == "out_of_network" and design.out_of_network is not None:
        own = design.out_of_network
        amounts = [_by_year(own.deductible_usd), _by_year(own.family_deductible_usd),
                   _by_year(own.oop_max_usd), _by_year(own.family_oop_max_usd)]  # fmt: skip
    else:
        law = "hdhp_maximum" if design.hdhp else "aca_maximum"
        amounts = [
            _by_year(design.deductible_usd, "part_b_deductible"),
            _by_year(design.family_deductible_usd), _by_year(design.oop_max_usd, law),
            _by_year(design.family_oop_max_usd),
        ]  # fmt: skip
    return np.stack(amounts, axis=1).tolist()  # type: ignore[no-any-return]


def _by_year(usd: float | str | None, law: str = "") -> Cents:
    """Return an amount by known year: as stated, or the law's."""
    if usd == "law":
        return by_known_year(law)
    return np.full(len(known_years()), _NONE if usd is None else _in_cents(float(usd)), np.int64)


def _points(designs: Sequence[PlanDesign]) -> NDArray[np.int64]:
    rows = [
        [round(_share(design, kind) * 10_000)
         for kind in (*COPAY_KINDS, None)]
        for design in designs
    ]  # fmt: skip
    return np.array(rows, dtype=np.int64).reshape(len(designs), len(COPAY_KINDS) + 1)


def _share(design: PlanDesign, kind: Service | None) -> float:
    stated = design.coinsurance_shares
    return stated[kind] if kind is not None and kind in stated else design.coinsurance_share


def _visits(design: PlanDesign, kind: Service) -> int:
    """Return how many visits of a service a plan covers in a year; -1 for all."""
    return next((most for name, most in design.visit_limits.items() if name == kind), -1)


def _drug_points(design: PlanDesign) -> int:
    """Return the share of a fill whose tier has no copay: as stated, Part D's, or the plan's."""
    if design.drug_coinsurance_share is not None:
        return round(design.drug_coinsurance_share * 10_000)
    if design.medicare:
        return figure("part_d_coinsurance", known_years()[-1])
    return round(design.coinsurance_share * 10_000)


def _flags(values: Iterable[bool]) -> NDArray[np.bool_]:
    return np.array(list(values), dtype=np.bool_)


def _by_class(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64).reshape(len(values), len(price_classes()))


def _place(word: CopayRule | None, words: tuple[CopayRule, ...]) -> int:
    return -1 if word is None else words.index(word)


def _in_cents(usd: float) -> int:
    return round(usd * 100)


def _cents(amounts: Sequence[float]) -> Cents:
    return np.array([_in_cents(usd) for usd in amounts], dtype=np.int64)


def _matrix(amounts: Sequence[Mapping[Any, float]], kinds: tuple[str, ...]) -> Cents:
    rows = [[_in_cents(row[kind]) if kind in row else -1 for kind in kinds] for row in amounts]
    return np.array(rows, dtype=np.int64).reshape(len(amounts), len(kinds))
