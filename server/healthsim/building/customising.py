"""Writes what a request says into a profile, and records where each part of it went."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from healthsim.building import paths
from healthsim.building.described import Described, Fact
from healthsim.building.draft import Assumption
from healthsim.building.vocabulary import KINDS_OF_PLAN, PAYERS, PLANS, Payer

PRODUCTS = ["patientsim", "membersim", "rxmembersim"]


@dataclass
class Customization:
    """A profile while a request is written into it.

    Attributes:
        everyone: beginnings of codes of which the template gives everybody one.
        bound: kind and key of what is in the profile: its path, and what stands there.
        refused: kind and key of what could not be written, and why.
        hints: what the model should do besides.
        options: kind and key of what could not be written: the changes that would.
    """

    profile: dict[str, Any]
    request: Described
    everyone: tuple[str, ...] = ()
    bound: dict[tuple[str, Any], tuple[str, str]] = field(default_factory=dict)
    refused: dict[tuple[str, Any], str] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    options: dict[tuple[str, Any], tuple[dict[str, Any], ...]] = field(default_factory=dict)

    def put(self, path: str, value: Any, note: str, *parts: tuple[str, Any]) -> None:
        """Set a value of the profile, for these parts of the request."""
        paths.change(self.profile, "set", paths.parse(path), value)
        self.settle(path, note, *parts)

    def settle(self, path: str, note: str, *parts: tuple[str, Any]) -> None:
        """Record that the profile has what these parts of the request say."""
        self.settled.append(path)
        self.bound |= dict.fromkeys(parts, (path, note))

    def refuse(self, why: str, *parts: tuple[str, Any]) -> None:
        """Record that these parts of the request are not in the profile."""
        self.refused |= dict.fromkeys(parts, why)

    def assume(self, path: str, said: str, ask: str, *instead: Any) -> None:
        """Record that a figure was assumed, and what to ask about it."""
        took = paths.find(self.profile, paths.parse(path))
        changes = tuple({"op": "set", "path": path, "value": value} for value in (took, *instead))
        self.settled = [settled for settled in self.settled if settled != path]
        self.assumptions.append(Assumption(path, said, took, ask, changes))

    def fate(self, fact: Fact) -> tuple[str, str] | None:
        """Return the path and the note of a fact that is in the profile, else None."""
        return self.bound.get((fact.kind, fact.key))

    def weights(self, kind: str, others: list[str]) -> dict[str, float]:
        """Turn the shares that were said into weights that add up to 1.

        What is left over goes to those named without a share, else evenly to `others`.
        """
        said: dict[str, float | None] = getattr(self.request, kind)
        given = {key: share for key, share in said.items() if share is not None}
        rest = round(1 - sum(given.values()), 6)
        without = [key for key in said if key not in given] or others
        if kind in self.request.vague and not given:
            self.refuse("say the shares of the others too", *((kind, key) for key in said))
            return {}
        if rest < -0.001 or (rest > 0.001 and not without):
            self.refuse(
                f"the shares add up to {100 * (1 - rest):g} %; say shares that make 100 %",
                *((kind, key) for key in said),
            )
            return {}
        weights = {key: float(share) for key, share in given.items()}
        if rest > 0.001:
            each = round(rest / len(without), 4)
            weights |= dict.fromkeys(without, each)
            weights[without[0]] = round(rest - each * (len(without) - 1), 6)
        return {key: weights[key] for key in [*said, *others] if key in weights}

    def ask_vague(self, kind: str, path: str) -> None:
        """Ask about a share that was a word such as "mostly"."""
        if kind in self.request.vague:
            said = self.request.vague[kind]
            value = paths.find(self.profile, paths.parse(path))
            self.assume(path, said, f"You said {said!r}: taken as {spell(value)}. Is that right?")


def payer_of(parsed: Described) -> Payer | None:
    """Return the payer that is named, or the one whose plans are."""
    if parsed.payer:
        return next(payer for payer in PAYERS if payer.name == parsed.payer)
    named = set(parsed.plans)
    return next((payer for payer in PAYERS if named and named <= set(payer.plans)), None)


def primary_of(parsed: Described) -> str | None:
    """Return the condition that everybody has: the first one named without a share."""
    return next((code for code, share in parsed.conditions.items() if share is None), None)


def people(work: Customization) -> None:
    """Write how many people there are."""
    if work.request.count is not None:
        families = any(
            fact.kind == "topics" and fact.key == "commercial-family" for fact in work.request.facts
        )
        if families and work.profile.get("unit") != "family":
            work.refuse("families: set unit to family too", ("count", work.request.count))
            return
        unit = "families" if work.profile.get("unit") == "family" else "people"
        count = work.request.count
        work.put("count", count, f"{count:,} {unit}", ("count", count))


def ages(work: Customization) -> None:
    """Write the ages: years of life, the last one included."""
    said = work.request.ages
    if "born" in work.profile["demographics"]:
        return
    if said is None:
        _bell(work)
        return
    low, high = said
    words = [
        ("aged", fact.key)
        for fact in work.request.facts
        if fact.kind == "aged" and (_holds(fact.key, said) or (work.request.aged
                                                               and _holds(said, fact.key)))
    ]  # fmt: skip
    retired = any(
        fact.kind == "aged" and "retire" in work.request.text[slice(*fact.spans[0])].lower()
        for fact in work.request.facts
    )
    parts = (("ages", said), *words)
    taken = " (retirees: taken as 65 and older)" if retired and work.request.aged else ""
    if low == high:
        work.put("demographics.age", {"type": "constant", "value": low}, f"age {low}", *parts)
        return
    now = work.profile["demographics"].get("age") or {}
    if work.request.aged:
        low, high = _narrowed(said, now)
        if low == now.get("low") and high == int(now.get("high", -1)):
            work.settle("demographics.age", f"{low} to {high}, as drafted{taken}", *parts)
            return
    note, mean = f"ages {low} to {high}{taken}", now.get("mean")
    to_birthday = {"low": low, "high": high + 0.999}
    if now.get("type") == "normal" and isinstance(mean, int | float) and low <= mean <= high:
        shape = {**now, **to_birthday, "decimals": 3}
        work.put("demographics.age", shape, f"{note}, around {mean:g}", *parts)
        return
    uniform = {"type": "uniform", **to_birthday, "decimals": 3}
    work.put("demographics.age", uniform, note, *parts)
    bell = {
        "type": "normal",
        "mean": (low + high) / 2,
        "sd": max((high - low) / 5, 0.5),
        **to_birthday,
        "decimals": 3,
    }
    work.assume(
        "demographics.age",
        note,
        f"You said {note}: spread evenly, or more in the middle?",
        bell,
    )


def born(work: Customization) -> None:
    """Write years or days of birth, in place of ages."""
    said = work.request.born
    if said is None:
        return
    first, last = said
    as_of = str(work.profile.get("as_of", ""))
    if work.request.ages is not None and not work.request.aged:
        work.refuse("ages are said too: keep one of the two", ("born", said))
        return
    if as_of and last > as_of[: len(last)]:
        work.refuse(f"people of a profile are born by as_of, {as_of}", ("born", said))
        return
    work.profile["demographics"].pop("age", None)
    span = first if first == last else {"from": first, "to": last}
    note = f"born {first}" if first == last else f"born {first} to {last}"
    aged = [("aged", fact.key) for fact in work.request.facts if fact.kind == "aged"]
    work.put("demographics.born", span, note, ("born", said), *aged)


def _holds(outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _bell(work: Customization) -> None:
    """Write ages that were said as a mean and a standard deviation."""
    if work.request.bell is None:
        return
    mean, sd = work.request.bell
    now = work.profile["demographics"].get("age") or {}
    low, high = now.get("low", max(0, mean - 4 * sd)), now.get("high", min(95, mean + 4 * sd))
    if low < mean < high:
        shape = {"type": "normal", "mean": mean, "sd": sd, "low": low, "high": high, "decimals": 3}
        work.put("demographics.age", shape, f"around {mean} ± {sd}, {low:g} to {high:g}",
                 ("bell", work.request.bell))  # fmt: skip


def _narrowed(said: tuple[int, int], now: dict[str, Any]) -> tuple[int, int]:
    """Return the ages of a word as far as the draft's people have them: Medicaid's to 64."""
    low = max(said[0], int(now.get("low", 0)))
    high = min(said[1], int(now.get("high", said[1])))
    return (low, high) if low < high else said


def sexes(work: Customization) -> None:
    """Write the shares or exact counts of the sexes."""
    said, exact = work.request.sexes, work.request.exact
    if exact:
        _exact_sexes(work, exact)
        return
    if not said:
        return
    parts = [("sexes", sex) for sex in said]
    given = {sex: share for sex, share in said.items() if share is not None}
    if not given and len(said) == 2:
        work.settle("demographics.gender", "as drafted", *parts)
        return
    if sum(given.values()) > 0.999 and len(given) < len(said):
        work.refuse("men and women, and all of them of one sex", *parts)
        return
    weights = work.weights("sexes", [sex for sex in "MF" if sex not in said])
    if weights:
        note = spell(weights)
        if "gender ==" in json.dumps(work.profile):
            # A condition of the template may name the other sex, so its label stays, at weight 0
            weights = {"M": 0.0, "F": 0.0} | weights
        work.put("demographics.gender", weights, note, *parts)
        work.ask_vague("sexes", "demographics.gender")


def _exact_sexes(work: Customization, exact: dict[str, int]) -> None:
    parts = [("exact", sex) for sex in exact]
    total = sum(exact.values())
    if work.request.count is None:
        work.put("count", total, f"{total:,} people")
    if work.profile.get("unit") == "family" or work.profile.get("count") != total:
        work.refuse(f"they add up to {total:,} people", *parts)
        return
    note = f"exactly {exact['M']:,} men and {exact['F']:,} women"
    counts = {"type": "categorical", "exactly": exact}
    work.put("demographics.gender", counts, note, *parts)


def payer(work: Customization) -> None:
    """Write who pays: the payer's plans, or the plans that are named."""
    _name_kinds_of_plan(work)
    named, plans = payer_of(work.request), work.request.plans
    part = ("payer", work.request.payer)
    if work.request.payers:
        _payers(work)
    elif work.request.payer and named:
        now = work.profile.get("coverage", {}).get("plan", {})
        designs = work.profile.get("coverage", {}).get("plans", {})
        if not plans and not set(now.get("weights", now)) - set(designs) <= set(named.plans):
            work.put("coverage.plan", dict(named.plans), named.name, part)
        else:
            work.settle("coverage.plan", named.name, part)
    if plans:
        _plans(work, named)


def _payers(work: Customization) -> None:
    """Write several payers, each with its share."""
    weights: dict[str, float] = {}
    for name, share in work.request.payers.items():
        plans = next(item.plans for item in PAYERS if item.name == name)
        for plan, part in plans.items():
            weights[plan] = round(weights.get(plan, 0.0) + part * float(share or 0), 6)
    work.profile["products"] = PRODUCTS
    work.put(
        "coverage.plan", weights, spell(weights), *(("payer", name) for name in work.request.payers)
    )


def _name_kinds_of_plan(work: Customization) -> None:
    """Name the plan that "PPO" is with this payer, or beside other plans; else all stay open."""
    plans = work.request.plans
    payer = work.request.payer or _payer_beside(plans)
    for kind in ("PPO", "HMO"):
        if kind not in plans:
            continue
        name = KINDS_OF_PLAN.get((kind, payer))
        share = plans.pop(kind)
        if name is None or name in plans:
            options = " or ".join(plan for plan in PLANS if plan.endswith(f"-{kind}"))
            work.refuse(f"which plan: {options}?", ("plans", kind))
            work.refuse("say all plans of the list", *(("plans", plan) for plan in plans))
            plans.clear()
            return
        plans[name] = share
        work.bound["plans", kind] = ("coverage.plan", name)


def _payer_beside(plans: dict[str, float | None]) -> str:
    """Return the payer whose plans alone the others of a list are."""
    if any(plan == "HDHP" or plan.startswith("Commercial-") for plan in plans):
        return "commercial"
    return "medicare advantage" if any(plan.startswith("MA-") for plan in plans) else ""


def _plans(work: Customization, named: Payer | None) -> None:
    plans = work.request.plans
    rest = [plan for plan in (named.plans if named else {}) if plan not in plans]
    weights = work.weights("plans", rest if None not in plans.values() else [])
    designs = work.profile.get("coverage", {}).get("plans", {})
    # A template's own design of the plan, such as Family-HDHP, is what was meant
    own = {
        plan: next((name for name in designs if name.endswith(f"-{plan}")), plan)
        for plan in weights
    }
    if weights:
        work.profile["products"] = PRODUCTS
        weights = {own[plan]: share for plan, share in weights.items()}
        work.put("coverage.plan", weights, spell(weights), *(("plans", plan) for plan in plans))


def asides(work: Customization) -> None:
    """Write the seed, the day, the name to save as, and say what is left to the journey."""
    parsed = work.request
    for key in ("seed", "as_of", "through"):
        value = getattr(parsed, key)
        if value is not None:
            work.put(key, value, str(value), (key, value))
    if parsed.healthy:
        work.bound["healthy", None] = ("clinical", "no condition beyond the draft's")
    work.bound["save", None] = ("save_as", "ask for the name, or pass save_as when it runs")
    if parsed.save_as:
        work.bound["save_as", parsed.save_as] = ("save_as", parsed.save_as)
        work.hints.append(f"Save the run as {parsed.save_as!r} once it is done.")


def spell(weights: dict[str, float]) -> str:
    """Say weights: "TX 80 %, OK 20 %"."""
    return ", ".join(f"{key} {100 * share:g} %" for key, share in weights.items())


Step = Callable[[Customization], None]
