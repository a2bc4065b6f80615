"""Writes a parsed request into a profile, and records what was said, assumed and not used."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from healthsim.building import nearby, paths
from healthsim.building.draft import Assumption
from healthsim.building.prevalence import MEASURES
from healthsim.building.request_parser import ParsedRequest
from healthsim.building.vocabulary import CONDITIONS, PAYERS, STATES, Payer, state_name

YEARS_BEFORE = {"years_before": {"type": "gamma", "mean": 5, "sd": 4}}
"""Onset of a condition that people already have: assumption, as for most in the templates."""

PRODUCTS = ["patientsim", "membersim", "rxmembersim"]


@dataclass
class CustomizationReport:
    """What was made of a request, reported to the person so that nothing is lost silently."""

    understood: list[str] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


@dataclass
class Customization:
    """A profile while a request is written into it.

    `everyone` has the beginnings of codes of which the template gives everybody one.
    """

    profile: dict[str, Any]
    request: ParsedRequest
    report: CustomizationReport
    everyone: tuple[str, ...] = ()
    settled: list[str] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)

    def put(self, path: str, value: Any, label: str) -> None:
        """Set a value of the profile and report it."""
        paths.change(self.profile, "set", paths.parse(path), value)
        self.settled.append(path)
        self.report.understood.append(f"{label} -> {path}")

    def assume(self, path: str, said: str, ask: str, *instead: Any) -> None:
        """Record that a figure was assumed, and what to ask about it."""
        took = paths.find(self.profile, paths.parse(path))
        changes = tuple({"op": "set", "path": path, "value": value} for value in (took, *instead))
        self.settled = [settled for settled in self.settled if settled != path]
        self.assumptions.append(Assumption(path, said, took, ask, changes))


def customise(work: Customization) -> None:
    """Write every part of the request into the profile."""
    for step in (_people, _ages, _sexes, _places, _payer, _clinical, _asides):
        step(work)


def payer_of(parsed: ParsedRequest) -> Payer | None:
    """Return the payer that is named, or the one whose plans are."""
    if parsed.payer:
        return next(payer for payer in PAYERS if payer.name == parsed.payer)
    named = set(parsed.plans)
    return next((payer for payer in PAYERS if named and named <= set(payer.plans)), None)


def primary_of(parsed: ParsedRequest) -> str | None:
    """Return the condition that everybody has: the first one named without a share."""
    return next((code for code, share in parsed.conditions.items() if share is None), None)


def _people(work: Customization) -> None:
    if work.request.count is not None:
        unit = "families" if work.profile.get("unit") == "family" else "people"
        work.put("count", work.request.count, f"{work.request.count:,} {unit}")


def _ages(work: Customization) -> None:
    ages = work.request.ages
    if ages is None:
        return
    low, high = ages
    if low > high:
        work.report.not_understood.append(f"ages from {low} to {high}")
        return
    if low == high:
        work.put("demographics.age", {"type": "constant", "value": low}, f"age {low}")
        return
    now = work.profile["demographics"].get("age") or {}
    if work.request.aged:
        low, high = _narrowed((low, high), now)
        if (low, high) == (now.get("low"), now.get("high")):
            work.settled.append("demographics.age")
            work.report.understood.append(
                f"{work.request.aged} -> demographics.age {low} to {high}, as drafted"
            )
            return
    label = f"ages {low} to {high}"
    mean = now.get("mean")
    if now.get("type") == "normal" and isinstance(mean, int | float) and low <= mean <= high:
        shape = {**now, "low": low, "high": high}
        work.put("demographics.age", shape, f"{label}, around {mean:g}")
        return
    work.put("demographics.age", {"type": "uniform", "low": low, "high": high}, label)
    bell = {"type": "normal", "mean": (low + high) / 2, "sd": max((high - low) / 5, 0.5),
            "low": low, "high": high}  # fmt: skip
    work.assume(
        "demographics.age", label,
        f"You said {label}: spread evenly, or more in the middle?", bell,
    )  # fmt: skip


def _narrowed(ages: tuple[int, int], now: dict[str, Any]) -> tuple[int, int]:
    """Return the ages of a word as far as the draft's people have them: Medicaid's to 64."""
    low, high = max(ages[0], now.get("low", 0)), min(ages[1], now.get("high", ages[1]))
    return (low, high) if low < high else ages


def _sexes(work: Customization) -> None:
    sexes, exact = work.request.sexes, work.request.exact
    if exact:
        _exact_sexes(work, exact)
        return
    if not sexes:
        return
    given = {sex: share for sex, share in sexes.items() if share is not None}
    if not given and len(sexes) == 2:
        work.report.understood.append("men and women -> as drafted")
        return
    if sum(given.values()) > 0.999 and len(given) < len(sexes):
        work.report.not_understood.append("men and women, and all of them of one sex")
        return
    weights = _shares(sexes, [sex for sex in "MF" if sex not in sexes], work, "sexes")
    if weights:
        label = _spell(weights)
        if "gender ==" in json.dumps(work.profile):
            # A condition of the template may name the other sex, so its label stays, at weight 0
            weights = {"M": 0.0, "F": 0.0} | weights
        work.put("demographics.gender", weights, label)
        _ask_vague(work, "sexes", "demographics.gender")


def _exact_sexes(work: Customization, exact: dict[str, int]) -> None:
    label = f"exactly {exact['M']:,} men and {exact['F']:,} women"
    if work.profile.get("unit") == "family" or work.profile.get("count") != sum(exact.values()):
        work.report.not_understood.append(label)
        return
    counts = {"type": "categorical", "exactly": exact}
    work.put("demographics.gender", counts, label)


def _places(work: Customization) -> None:
    states = work.request.states
    if work.request.counties and _counties(work):
        return
    if work.request.metros and _metros(work):
        return
    if not states:
        _area(work)
        return
    path = "demographics.location.states"
    first = next(iter(states))
    neighbours = [code for code in STATES[first][1] if code not in states]
    weights = _shares(states, neighbours, work, "states")
    if not weights:
        return
    work.profile["demographics"].pop("location", None)
    work.put(path, weights, _spell({state_name(code): w for code, w in weights.items()}))
    _area(work)
    added = [code for code in weights if code not in states]
    if added:
        said = work.request.vague.get("states", _spell({state_name(first): weights[first]}))
        names = " and ".join(state_name(code) for code in added)
        work.assume(
            path, said,
            f"You said {said!r}: taken as {100 * weights[first]:g} % {state_name(first)}, the rest "
            f"in {names}. Is that right?",
            {first: weights[first], added[0]: round(1 - weights[first], 6)},
            {first: 1.0},
        )  # fmt: skip
    elif len(states) > 1 and None in states.values():
        work.assume(path, "states without shares",
                    f"You said {', '.join(map(state_name, states))}: taken as {_spell(weights)}. "
                    "Is that right?")  # fmt: skip


def _counties(work: Customization) -> bool:
    """Write the counties that are named; an unknown name is not understood."""
    from healthsim.products.reference_names import built_in_names  # noqa: PLC0415  numpy is heavy

    titles = {title.casefold(): title for title in built_in_names().county_titles}
    counties = []
    for name, state in work.request.counties:
        of_name = [title for key, title in titles.items() if key.startswith(f"{name},".casefold())]
        matches = [title for title in of_name if title.endswith(f", {state}")] if state else of_name
        if len(matches) == 1:
            counties.append(matches[0])
            continue
        said = f"{name}, {state}" if state else name
        which = " or ".join(matches) if 1 < len(matches) <= _FEW else "write its name and state"
        work.report.not_understood.append(f"{said} ({which})")
    if not counties:
        return False
    for code in work.request.states:
        said = f"{state_name(code)} beside counties (name counties of it)"
        work.report.not_understood.append(said)
    share = round(1 / len(counties), 6)
    work.profile["demographics"].pop("location", None)
    weights = dict.fromkeys(counties, share)
    work.put("demographics.location.counties", weights, " and ".join(counties))
    if len(counties) > 1:
        work.assume(
            "demographics.location.counties",
            "counties without shares",
            f"{' and '.join(counties)} are taken in equal shares. Is that right?",
        )
    return True


def _metros(work: Customization) -> bool:
    """Write the metropolitan areas that are named; an ambiguous name is not understood."""
    path, parsed, areas = "demographics.location.metros", work.request, []
    for text, titles in parsed.metros:
        if len(titles) == 1:
            areas.append(titles[0])
            continue
        which = " or ".join(titles) if 1 < len(titles) <= _FEW else "write the area's title"
        work.report.not_understood.append(f"{text} ({which})")
    if not areas:
        return False
    inside = {state for title in areas for state in nearby.states_of(title)}
    work.report.not_understood += [f"{state_name(code)} beside a metropolitan area"
                                   for code in parsed.states if code not in inside]  # fmt: skip
    areas = list(dict.fromkeys(areas))
    work.profile["demographics"].pop("location", None)
    work.put(path, dict.fromkeys(areas, round(1 / len(areas), 6)), " and ".join(areas))
    if len(areas) > 1:
        work.assume(path, "metropolitan areas without shares",
                    f"{' and '.join(areas)} are taken in equal shares. Is that right?")  # fmt: skip
    return True


def _area(work: Customization) -> None:
    if work.request.area is not None:
        work.put("demographics.location.area", work.request.area, work.request.area)


_FEW = 6


def _payer(work: Customization) -> None:
    payer, plans = payer_of(work.request), work.request.plans
    if work.request.payer and payer:
        now = work.profile.get("coverage", {}).get("plan", {})
        plan_designs = work.profile.get("coverage", {}).get("plans", {})
        if not plans and not set(now.get("weights", now)) - set(plan_designs) <= set(payer.plans):
            work.put("coverage.plan", dict(payer.plans), payer.name)
        else:
            work.report.understood.append(f"{payer.name} -> coverage.plan")
            work.settled.append("coverage.plan")
    if plans:
        open_plans = [plan for plan in (payer.plans if payer else {}) if plan not in plans]
        weights = _shares(plans, open_plans if None not in plans.values() else [], work, "plans")
        plan_designs = work.profile.get("coverage", {}).get("plans", {})
        # A template's own design of the plan, such as Family-HDHP, is what was meant
        weights = {
            next((name for name in plan_designs if name.endswith(f"-{plan}")), plan): share
            for plan, share in weights.items()
        }
        if weights:
            work.profile["products"] = PRODUCTS
            work.put("coverage.plan", weights, _spell(weights))


def _clinical(work: Customization) -> None:
    clinical = work.profile.setdefault("clinical", {})
    comorbidities = clinical.setdefault("comorbidities", [])
    for number, (code, share) in enumerate(work.request.conditions.items()):
        label, primary = CONDITIONS[code][1], (clinical.get("primary") or {}).get("code")
        if share is None and code.startswith(work.everyone or ("no code",)):
            work.report.understood.append(f"{label} -> as everybody in the template has it")
            continue
        if share is None and (code[:3] == (primary or "")[:3] or (number == 0 and primary is None)):
            _primary(work, code)
            continue
        removed = _drop(clinical, code)
        share_given, path = 1.0 if share is None else share, f"clinical.comorbidities[{code}]"
        loading = {key: item[key] for item in removed[:1] for key in ("loading",) if key in item}
        comorbidities.append({"code": code, "share": share_given, **loading})
        work.report.understood.append(f"{label} in {100 * share_given:g} % -> {path}")
        work.settled.append(path)
    for code in work.request.prevalent:
        _prevalent(work, clinical, code)
    for name in work.request.without:
        _without(work, clinical, name)
    if not comorbidities:
        del clinical["comorbidities"]
    _control(work)


def _prevalent(work: Customization, clinical: dict[str, Any], code: str) -> None:
    """Give a condition the prevalence of the population of each person's place."""
    label, primary = CONDITIONS[code][1], (clinical.get("primary") or {}).get("code", "")
    measure, all_have = MEASURES.get(code), code.startswith(work.everyone or ("no code",))
    if measure is None or all_have or primary[:3] == code[:3]:
        why = "no figures are known, say a share" if measure is None else "everybody has it here"
        work.report.not_understood.append(f"{label} as in the population ({why})")
        return
    _drop(clinical, code)
    share = {"type": "population", "measure": measure}
    clinical["comorbidities"].append({"code": code, "share": share})
    path = f"clinical.comorbidities[{code}]"
    work.report.understood.append(f"{label} as in the population ({measure}) -> {path}")
    work.settled.append(path)


def _primary(work: Customization, code: str) -> None:
    """Give everybody a condition: the template's own if it is of that kind."""
    clinical, when = work.profile["clinical"], ""
    if not clinical.get("primary"):
        onset = _onset(clinical["comorbidities"], code)
        _drop(clinical, code)
        clinical["primary"] = {"code": code}
        if not work.request.newly:
            clinical["primary"]["onset"] = onset
            when = f", diagnosed years before (assumed: {_years(onset)})"
    elif work.request.newly:
        clinical["primary"]["onset"] = "journey"
        when = ", found on the journey's first day"
    primary_code = clinical["primary"]["code"]
    work.report.understood.append(f"{CONDITIONS[code][1]} -> clinical.primary {primary_code}{when}")
    work.settled.append("clinical.primary")


def _onset(comorbidities: list[dict[str, Any]], code: str) -> dict[str, Any]:
    """Return when people who "have" a condition got it: as the template says, or years before."""
    onsets = (item.get("onset") for item in comorbidities if item.get("code", "")[:3] == code[:3])
    return next(filter(None, onsets), dict(YEARS_BEFORE))


def _years(onset: dict[str, Any]) -> str:
    spread = onset.get("years_before") or {}
    return f"{spread['mean']:g} years on average" if "mean" in spread else "as the template says"


def _drop(clinical: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """Remove a condition wherever it stands, also among alternatives; return what it was."""
    removed = _parted(clinical["comorbidities"], code)
    single = clinical.get("one_of") or ()
    for group in single if single and isinstance(single[0], list) else (single,):
        removed += _parted(group, code) if group else []
    if "one_of" in clinical:
        alternatives = list(filter(None, clinical["one_of"]))
        clinical["one_of"] = alternatives
        if not alternatives:
            del clinical["one_of"]
    return removed


def _parted(items: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    """Remove the conditions of a kind from a list, and return them."""
    removed = [item for item in items if item.get("code", "")[:3] == code[:3]]
    items[:] = [item for item in items if item.get("code", "")[:3] != code[:3]]
    return removed


def _without(work: Customization, clinical: dict[str, Any], name: str) -> None:
    if name in CONDITIONS and (_drop(clinical, name) or name not in work.request.conditions):
        work.report.understood.append(f"without {CONDITIONS[name][1]} -> clinical.comorbidities")
    else:
        work.report.not_understood.append(f"without {name}")


def _control(work: Customization) -> None:
    control = work.request.control
    if control is None:
        return
    labels = work.profile.get("attributes", {}).get("control")
    if isinstance(labels, dict) and control in labels.get("weights", labels):
        others = dict.fromkeys(labels.get("weights", labels), 0.0)
        work.put("attributes.control", others | {control: 1.0}, f"all {control}")
    else:
        work.report.not_understood.append(control)


def _asides(work: Customization) -> None:
    parsed = work.request
    work.report.hints += parsed.hints
    if parsed.seed is not None:
        work.put("seed", parsed.seed, f"seed {parsed.seed}")
    if parsed.as_of is not None:
        work.put("as_of", parsed.as_of, f"as of {parsed.as_of}")
    if parsed.healthy:
        work.report.understood.append("healthy -> no condition beyond the draft's")
    if parsed.journey:
        work.report.hints.append(
            f"You also asked for a journey ({parsed.journey}): call start_journey_builder."
        )
    if parsed.save_as:
        work.report.hints.append(f"Save the run as {parsed.save_as!r} once it is done.")


def _shares(
    shares: dict[str, float | None], others: list[str], work: Customization, name: str
) -> dict[str, float]:
    """Turn the shares that were said into weights that add up to 1.

    What is left over goes to those named without a share, else evenly to `others`.
    """
    given = {key: share for key, share in shares.items() if share is not None}
    rest = round(1 - sum(given.values()), 6)
    open_keys = [key for key in shares if key not in given] or others
    if rest < -0.001 or (rest > 0.001 and not open_keys):
        work.report.not_understood.append(
            f"the {name} add up to {100 * (1 - rest):g} % ({_spell(given)}); "
            "say shares that make 100 %"
        )
        return {}
    weights = {key: float(share) for key, share in given.items()}
    if rest > 0.001:
        each = round(rest / len(open_keys), 4)
        weights |= dict.fromkeys(open_keys, each)
        weights[open_keys[0]] = round(rest - each * (len(open_keys) - 1), 6)
    return {key: weights[key] for key in [*shares, *others] if key in weights}


def _ask_vague(work: Customization, kind: str, path: str) -> None:
    if kind in work.request.vague:
        said = work.request.vague[kind]
        value = paths.find(work.profile, paths.parse(path))
        work.assume(path, said, f"You said {said!r}: taken as {_spell(value)}. Is that right?")


def _spell(weights: dict[str, float]) -> str:
    return ", ".join(f"{key} {100 * share:g} %" for key, share in weights.items())
