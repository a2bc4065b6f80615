"""Medicines as prescribed and dispensed: RxNorm, NDC, tier and cost."""

from __future__ import annotations

import math
from functools import cache, cached_property
from typing import NamedTuple

from healthsim.codes import imported_books
from healthsim.codes.books import Code, CodeBook, plain, read_rows, with_imported

_SYNTHETIC_LABELER = "00000"  # never assigned, so no real product has it


class Drug(NamedTuple):
    """One product at one strength.

    Attributes:
        display: name exactly as specifications write it.
        rxnorm: RXCUI of the clinical drug; ``""`` where none is known.
        confidence: ``"V"`` RXCUI seen in public sources, ``"M"`` from memory, ``""`` none.
        ndc: 11 digits.
        tier: 1 preferred generic, 2 generic, 3 preferred brand, 4 other brand, 5 specialty.
        drug_class: our word, e.g. ``"statin"``.
        unit_cost_usd: ingredient cost of one billing unit, dollars.
        units_per_day: billing units of the usual dose.
        form: tablet, capsule, inhaler, pen, …
        billing_unit: NCPDP: ``EA``, ``ML`` or ``GM``.
        package_size: billing units of the smallest package; quantities are its multiples.
        dea_schedule: ``"2"`` to ``"5"``; ``""`` where it is not controlled.
        days_supply: days that one fill usually covers.
    """

    display: str
    ingredient: str
    rxnorm: str
    confidence: str
    ndc: str
    generic: bool
    tier: int
    drug_class: str
    unit_cost_usd: float
    units_per_day: float
    form: str
    billing_unit: str
    package_size: float
    dea_schedule: str
    days_supply: int

    @property
    def quantity(self) -> float:
        """Billing units of a usual fill: the usual dose for `days_supply` days, whole packages.

        Up to a twentieth of a package more does not begin another one: usual doses are rounded.

        >>> drugs().find("metformin 500 mg tablet", "details.drug").quantity
        60.0
        """
        return self.quantity_for(self.days_supply)

    def quantity_for(self, days: int) -> float:
        """Billing units that the usual dose needs for some days, in whole packages.

        >>> drugs().find("semaglutide 0.25 mg or 0.5 mg pen injector", "drug").quantity_for(28)
        1.5
        """
        return self.packaged(self.units_per_day * days)

    def packaged(self, units: float) -> float:
        """Return an amount in billing units as whole packages, at least one."""
        packages = math.ceil(round(units / self.package_size - 0.05, 6))
        return round(max(packages, 1) * self.package_size, 2)

    @property
    def insulin(self) -> bool:
        """It is an insulin, by its class."""
        return self.drug_class.endswith("insulin")

    @property
    def synthetic(self) -> bool:
        """The NDC is an invented one."""
        return self.ndc.startswith(_SYNTHETIC_LABELER)


class Drugs(CodeBook[Drug]):
    """The medicines, by name."""

    @cached_property
    def ingredients(self) -> tuple[str, ...]:
        """Every ingredient, in alphabetical order."""
        return tuple(sorted({row.ingredient for row in self.rows.values()}))


def _drug(line: list[str]) -> Drug:
    name, ingredient, rxnorm, confidence, ndc, generic, tier, drug_class = line[:8]
    cost, units, form, billing_unit, package, schedule, days = line[8:]
    return Drug(
        display=name,
        ingredient=ingredient,
        rxnorm=rxnorm,
        confidence=confidence,
        ndc=ndc,
        generic=generic == "1",
        tier=int(tier),
        drug_class=drug_class,
        unit_cost_usd=float(cost),
        units_per_day=float(units),
        form=form,
        billing_unit=billing_unit,
        package_size=float(package),
        dea_schedule=schedule,
        days_supply=int(days),
    )


@cache
def drugs() -> Drugs:
    """Return the medicines, by name.

    >>> drugs().find("metformin 500 mg tablet", "details.drug").ingredient
    'metformin'
    """
    return Drugs("drug list", read_rows("drugs", _drug))


@imported_books.cached_per_shelf
def rxnorm() -> CodeBook[Code]:
    """Return RxNorm concepts by RXCUI: those of the medicines, and imported ones."""
    rows = {row.rxnorm: Code(row.rxnorm, row.display) for row in drugs().rows.values()}
    rows.pop("", None)
    return CodeBook("RxNorm", with_imported(rows, imported_books.imported_book("rxnorm"), plain))


@imported_books.cached_per_shelf
def ndc() -> CodeBook[Code]:
    """Return NDCs without dashes: packages (eleven digits) of the medicines, and those imported."""
    rows = {row.ndc: Code(row.ndc, row.display) for row in drugs().rows.values()}
    return CodeBook("NDC", with_imported(rows, imported_books.imported_book("ndc"), plain))
