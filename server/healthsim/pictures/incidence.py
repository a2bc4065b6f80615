"""Cumulative incidence: the share of people to whom something has happened by each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthsim.pictures.grouping import Grouping, grouping, shown
from healthsim.pictures.outcomes import Outcome, named_outcome
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.risk import Step, at, curve
from healthsim.pictures.source import Source
from healthsim.pictures.telling import usual
from healthsim.pictures.words import figure, percent, title_case

KIND = "cumulative_incidence"

_MARKS = 300  # steps of one curve that are drawn
_NOTHING = 0.1  # top of the axis where nothing happened
_TIMES = 8  # rows of the table for each curve
_UNITS = (("days", 1.0, 120), ("months", 30.4375, 1_100), ("years", 365.25, 10**9))


def cumulative_incidence(source: Source, what: str = "", by: str = "") -> Picture:
    """Draw the share of people to whom an outcome has happened, by time since their start.

    Args:
        source: the scenario.
        what: death, disenrolment, readmission, hospital stay, a code, or a step; empty: the
            most telling one that happened.
        by: a group: arm, sex, age, plan or a branch; empty for everybody.

    Raises:
        NothingToDraw: nobody can be followed.
        NotFound: nothing is called `what` or `by`.
    """
    group = grouping(source, by)
    randomized = group.name == "arm"
    followed = (named_outcome(source, what, randomized=randomized) if what.strip()
                else usual(source, randomized=randomized))  # fmt: skip
    counts = _counts(source, followed, group)
    curves = {label: curve(counts[label]) for label in group.labels if label in counts}
    if not curves:
        raise NothingToDraw(source.name, f"has nobody who can be followed to {followed.name}",
                            "draw another outcome")  # fmt: skip
    return _picture(followed, group, curves)


def _counts(
    source: Source, followed: Outcome, group: Grouping
) -> Mapping[str, list[tuple[int, int, int, int]]]:
    """Return day, events, others and censored of each group, by day."""
    horizon = 10**6 if followed.horizon is None else followed.horizon
    rows = source.select(
        f"WITH g AS ({group.sql}), f AS (SELECT * FROM ({followed.sql})), "  # noqa: S608
        "d AS (SELECT label, event, other, least(ends, ?) AS ends FROM f JOIN g USING (person_id) "
        "WHERE ends >= 0), t AS (SELECT label, CASE WHEN event <= least(ends, coalesce(other, "
        "ends)) THEN 1 WHEN other <= ends THEN 2 ELSE 3 END AS how, greatest(0, CASE WHEN event <= "
        "least(ends, coalesce(other, ends)) THEN event WHEN other <= ends THEN other ELSE ends END)"
        " AS day FROM d) SELECT label, day, count(*) FILTER (how = 1), count(*) FILTER (how = 2), "
        "count(*) FILTER (how = 3) FROM t GROUP BY label, day ORDER BY label, day",
        *group.values, *followed.values, horizon,
    )  # fmt: skip
    counts: dict[str, list[tuple[int, int, int, int]]] = {}
    for label, *day in rows:
        counts.setdefault(label, []).append(tuple(day))
    return counts


def _picture(followed: Outcome, group: Grouping, curves: Mapping[str, Sequence[Step]]) -> Picture:
    last = max(steps[-1].day for steps in curves.values())
    unit, length, _ = next(one for one in _UNITS if last <= one[2])
    when = min(30, last) if followed.horizon else last
    ends = {label: at(steps, when) for label, steps in curves.items()}
    others = sum(step.others for steps in curves.values() for step in steps)
    method = "Aalen–Johansen" if others else "Kaplan–Meier"
    time = f"{when} days" if unit == "days" else f"{figure(round(when / length, 1))} {unit}"
    figures = [f"{percent(step.incidence, 1)}{f' ({shown(label)})' if label else ''}"
               for label, step in ends.items()]  # fmt: skip
    title = f"{title_case(followed.name)} by {time}: {', '.join(figures[:4])}"
    number = sum(steps[0].at_risk for steps in curves.values())
    events = sum(step.events for steps in curves.values() for step in steps)
    if not events:
        title = f"No {followed.name.removeprefix('a ')} among {number:,} {followed.unit}"
    competing = f"; {followed.others} {'compete' if ' and ' in followed.others else 'competes'}"
    subtitle = (f"Cumulative incidence of {number:,} {followed.unit} since {followed.since}; "
                f"{method}{competing if others else ''}")  # fmt: skip
    says = (f"{title}; {events:,} events among {number:,} {followed.unit} followed from "
            f"{followed.since} ({method}).")  # fmt: skip
    by = [group.name] if group.name else []
    columns = ["day", *by, "at_risk", "events", "left", "censored", "incidence"]
    spec = whole_spec(title, subtitle, says, _view(curves, unit, length, followed, bool(by)))
    return Picture(KIND, title, says, spec, columns, _table(curves, last, when, bool(by)))


def _table(
    curves: Mapping[str, Sequence[Step]], last: int, when: int, grouped: bool
) -> list[list[Any]]:
    """Return the state at some days: who is still at risk after it, and what had happened."""
    days = sorted({0, when, *(round(last * part / _TIMES) for part in range(_TIMES + 1))})
    return [
        [day, *([shown(label)] if grouped else []), step.at_risk, step.events, step.others,
         step.censored, round(step.incidence, 4)]
        for day in days for label, steps in curves.items() for step in [at(steps, day)]
    ]  # fmt: skip


def _view(
    curves: Mapping[str, Sequence[Step]], unit: str, length: float, followed: Outcome, grouped: bool
) -> dict[str, Any]:
    values = [
        {"t": day / length, "share": share, "group": shown(label)}
        for label, steps in curves.items() for day, share in _points(steps)
    ]  # fmt: skip
    order = [shown(label) for label in curves]
    last = max(steps[-1].day for steps in curves.values())
    heights = {"domainMin": 0} | ({} if any(value["share"] for value in values)
                                  else {"domainMax": _NOTHING})  # fmt: skip
    return {
        "data": {"values": values},
        "height": 300,
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": {
            "x": {"field": "t", "type": "quantitative", "title": f"{unit} since {followed.since}",
                  "axis": {"grid": False, "tickMinStep": 1},
                  "scale": {"nice": False, "domain": [0, max(1, last) / length]}},
            "y": {"field": "share", "type": "quantitative", "title": f"share with {followed.name}",
                  "axis": {"format": "~%", "tickCount": 5}, "scale": heights},
        } | ({"color": {"field": "group", "type": "nominal", "sort": order},
              "strokeDash": {"field": "group", "type": "nominal", "sort": order,
                             "legend": None}}
             if grouped else {}),
    }  # fmt: skip


def _points(steps: Sequence[Step]) -> list[tuple[int, float]]:
    """Return the points where a curve rises, at most `_MARKS`, its ends always."""
    rising = [step for step in steps if step.events]
    every = -(-len(rising) // _MARKS) or 1
    points = [(step.day, step.incidence) for step in rising[::-1][::every][::-1]]
    return [(0, 0.0), *points, (steps[-1].day, steps[-1].incidence)]
