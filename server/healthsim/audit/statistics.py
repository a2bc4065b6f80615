# ruff: noqa: S608  (the SQL is made of this module's own texts, never of a user's words)
"""How published figures are read off a scenario's tables: one value a person, stay or fill.

Each statistic is a query that gives a column `value` and the `person_id` whose it is; the figure is
the mean or the standard deviation of the values. `$first`, `$middle` and `$last` are days of the
data, `$years` is how long they are; `$groups` holds lists of codes, `$low` and `$high` bounds,
`$least` a number of groups. A survey meets people on any day: `result` takes the result nearest to
the middle of the data; quality measures take the last of the year: `last_result`. `spending` is
what each person between two ranks of spending (shares of all people) spends, relative to the mean
of all people, so that its mean is the share that they spend.
"""

from __future__ import annotations

from dataclasses import dataclass

PEOPLE = """
people AS (
    SELECT p.person_id, p.gender, p.birth_date, p.death_date
    FROM patients AS p
    WHERE greatest(date_diff('year', p.birth_date, $first::DATE)
            - (strftime($first::DATE, '%m%d') < strftime(p.birth_date, '%m%d'))::INT, 0)
            BETWEEN $youngest AND $oldest
        AND $sex IN ('', p.gender)
        AND (len($whose) = 0 OR EXISTS (
            SELECT 1 FROM conditions AS c, (SELECT unnest($whose) AS prefix)
            WHERE c.person_id = p.person_id AND starts_with(c.code, prefix)))
        {of_plan})
"""
OF_PLAN = """
        AND EXISTS (
            SELECT 1 FROM enrollments AS e JOIN plans AS k USING (plan_id)
            WHERE e.person_id = p.person_id AND $plan IN (e.plan_id, k.kind))
"""
_STAYS = """
, stays AS (
    SELECT e.person_id, e.encounter_id, e.start_at, e.end_at, e.los_days, e.disposition,
        p.death_date, e.disposition IN ('20', '40', '41', '42') AS died,
        e.start_at <= lag(e.end_at) OVER (
            PARTITION BY e.person_id ORDER BY e.start_at, e.encounter_id) + INTERVAL 30 DAY
            AS again,
        {which} AS meant
    FROM encounters AS e JOIN people AS p USING (person_id)
    WHERE e.encounter_class = 'inpatient' OR {also})
"""
_READMITTED = """
    SELECT s.person_id, EXISTS (
        SELECT 1 FROM encounters AS n WHERE n.person_id = s.person_id
            AND n.encounter_class = 'inpatient' AND n.encounter_id <> s.encounter_id
            AND n.start_at BETWEEN s.end_at AND s.end_at + INTERVAL 30 DAY)::INT AS value
    FROM stays AS s
    WHERE s.meant AND NOT s.died AND NOT coalesce(s.again, false)
        AND s.end_at + INTERVAL 30 DAY <= $last::DATE
"""
_OF_REASON = (
    "(len({list}) = 0 OR EXISTS (SELECT 1 FROM (SELECT unnest({list}) AS prefix) "
    "WHERE starts_with(e.reason_code, prefix)))"
)
_OPERATED = (
    "EXISTS (SELECT 1 FROM procedures AS q WHERE q.encounter_id = e.encounter_id "
    "AND list_contains($groups[1], q.code))"
)
_ALL = _OF_REASON.format(list="coalesce($groups[1], [])")
_STAY = _STAYS.format(which=_ALL, also="false")
_OPERATION = _STAYS.format(which=_OPERATED, also=_OPERATED)
_RESULTS = """
, read AS (
    SELECT person_id, {one} AS value FROM (
        SELECT person_id, loinc, value, collected_at AS seen, lab_result_id AS id FROM lab_results
        UNION ALL
        SELECT person_id, loinc, value, measured_at, vital_sign_id FROM vital_signs)
    WHERE list_contains($groups[1], loinc) AND value IS NOT NULL
    GROUP BY person_id)
"""
_LAST = _RESULTS.format(one="arg_max(value, (seen, id))")
_MIDMOST = _RESULTS.format(one="arg_min(value, (abs(seen::DATE - $middle::DATE), id))")
_SPENDING = """
, spent AS (
    SELECT people.person_id, (coalesce(c.usd, 0) + coalesce(f.usd, 0))::DOUBLE AS usd
    FROM people
    LEFT JOIN (SELECT person_id, sum(allowed_usd) AS usd FROM claims GROUP BY person_id) AS c
        ON c.person_id = people.person_id
    LEFT JOIN (SELECT person_id, sum(ingredient_cost_usd + dispensing_fee_usd + tax_usd) AS usd
        FROM fills GROUP BY person_id) AS f ON f.person_id = people.person_id),
ranked AS (
    SELECT person_id, usd, (row_number() OVER (ORDER BY usd, person_id) - 0.5) / count(*) OVER ()
        AS place FROM spent)
"""
_DRUGS = """
    SELECT person_id, count(DISTINCT r.ingredient) AS value
    FROM prescriptions AS r JOIN people USING (person_id)
    WHERE r.event_id IS NULL GROUP BY person_id
"""
_RX = ("prescriptions", "fills")


@dataclass(frozen=True, slots=True)
class Statistic:
    """One way to read a figure.

    Attributes:
        needs: tables, besides patients and conditions.
        sql: a SELECT of `person_id` and `value` that may use `people`; parts before its SELECT
            begin with a comma.
        spread: whether the figure is the standard deviation of `value`, not its mean.
    """

    needs: tuple[str, ...]
    sql: str
    spread: bool = False


STATISTICS: dict[str, Statistic] = {
    "conditions": Statistic((), """
        , wanted AS (
            SELECT place, unnest(codes) AS prefix FROM (
                SELECT unnest($groups) AS codes, unnest(range(len($groups))) AS place)),
        held AS (
            SELECT c.person_id, count(DISTINCT g.place) AS groups
            FROM conditions AS c JOIN wanted AS g ON starts_with(c.code, g.prefix)
            WHERE c.event_id IS NULL GROUP BY c.person_id)
        SELECT person_id, (coalesce(h.groups, 0) >= $least)::INT AS value
        FROM people LEFT JOIN held AS h USING (person_id)"""),
    "sex": Statistic((), "SELECT person_id, (gender = $groups[1][1])::INT AS value FROM people"),
    "plan": Statistic(("enrollments", "plans"), """
        SELECT person_id, (arg_min(k.kind, e.effective_date) = $groups[1][1])::INT AS value
        FROM people JOIN enrollments AS e USING (person_id) JOIN plans AS k USING (plan_id)
        GROUP BY person_id"""),
    "result": Statistic(("lab_results", "vital_signs"), f"""{_MIDMOST}
        SELECT person_id, (value >= $low AND value < $high)::INT AS value
        FROM read SEMI JOIN people USING (person_id)"""),
    "result_mean": Statistic(("lab_results", "vital_signs"), f"""{_MIDMOST}
        SELECT person_id, value FROM read SEMI JOIN people USING (person_id)"""),
    "last_result": Statistic(("lab_results", "vital_signs"), f"""{_LAST}
        SELECT person_id, (value >= $low AND value < $high)::INT AS value
        FROM read SEMI JOIN people USING (person_id)"""),
    "last_or_none": Statistic(("lab_results", "vital_signs"), f"""{_LAST}
        SELECT person_id, coalesce(r.value >= $low, true)::INT AS value
        FROM people LEFT JOIN read AS r USING (person_id)"""),
    "pressure": Statistic(("vital_signs",), """
        SELECT person_id,
            (arg_max(v.value, v.measured_at) FILTER (list_contains($groups[1], v.loinc)) < $low
            AND arg_max(v.value, v.measured_at) FILTER (list_contains($groups[2], v.loinc)) < $high
            )::INT AS value
        FROM people JOIN vital_signs AS v USING (person_id)
        WHERE list_contains($groups[1], v.loinc) OR list_contains($groups[2], v.loinc)
        GROUP BY person_id"""),
    "encounters": Statistic(("encounters",), """
        SELECT people.person_id, count(e.encounter_id) * $scale / $years AS value
        FROM people LEFT JOIN encounters AS e ON e.person_id = people.person_id
            AND list_contains($groups[1], e.encounter_class)
        GROUP BY people.person_id"""),
    "stay_days": Statistic(("encounters",), f"{_STAY} SELECT person_id, los_days AS value FROM "
                           "stays WHERE meant"),
    "readmitted": Statistic(("encounters",), f"{_STAY} {_READMITTED}"),
    "died_30": Statistic(("encounters",), f"""{_STAY}
        SELECT person_id, coalesce(death_date <= start_at::DATE + 30, false)::INT AS value
        FROM stays
        WHERE meant AND NOT coalesce(again, false) AND start_at::DATE + 30 <= $last::DATE"""),
    "discharged": Statistic(
        ("encounters",),
        _STAYS.format(which=_OF_REASON.format(list="$groups[2]"), also="false")
        + "SELECT person_id, list_contains($groups[1], disposition)::INT AS value FROM stays "
        "WHERE meant"),
    "operated_days": Statistic(("encounters", "procedures"),
                               f"{_OPERATION} SELECT person_id, los_days AS value FROM stays "
                               "WHERE meant"),
    "operated_readmitted": Statistic(("encounters", "procedures"), f"{_OPERATION} {_READMITTED}"),
    "operated_home": Statistic(("encounters", "procedures"), f"""{_OPERATION}
        SELECT person_id, coalesce(disposition IN ('01', '06'), true)::INT AS value
        FROM stays WHERE meant"""),
    "generic": Statistic(("fills",), """
        SELECT person_id, generic::INT AS value FROM fills SEMI JOIN people USING (person_id)
        WHERE status = 'paid'"""),
    "fills": Statistic(("fills",), """
        SELECT person_id,
            sum(if($groups[1][1] = 'generic', generic::INT, days_supply / 30)) / $years AS value
        FROM fills SEMI JOIN people USING (person_id)
        WHERE status = 'paid' GROUP BY person_id HAVING value > 0"""),
    "spending": Statistic(("claims", "fills"), f"""{_SPENDING}
        SELECT person_id, if(place >= $low AND place < $high, usd, 0)
            * count(*) OVER () / nullif(sum(usd) OVER (), 0) AS value FROM ranked"""),
    "drugs": Statistic(("prescriptions",), _DRUGS),
    "drugs_sd": Statistic(("prescriptions",), _DRUGS, spread=True),
    "filled": Statistic((*_RX, "enrollments"), """
        , begun AS (
            SELECT r.*, row_number() OVER (
                PARTITION BY person_id, ingredient ORDER BY written_date, prescription_id) AS turn
            FROM prescriptions AS r)
        SELECT b.person_id, EXISTS (
            SELECT 1 FROM fills AS f JOIN prescriptions AS r USING (prescription_id)
            WHERE f.person_id = b.person_id AND r.ingredient = b.ingredient
                AND f.status = 'paid'
                AND f.fill_date BETWEEN b.written_date AND b.written_date + $high::INT
            )::INT AS value
        FROM begun AS b JOIN people AS p USING (person_id)
        WHERE b.turn = 1 AND b.event_id IS NOT NULL AND b.days_supply * (b.refills + 1) >= 60
            AND b.written_date + $high::INT <= $last::DATE
            AND coalesce(b.end_date > b.written_date + 30, true)
            AND coalesce(p.death_date > b.written_date + least($high, 30)::INT, true)
            AND EXISTS (
                SELECT 1 FROM enrollments AS e WHERE e.person_id = b.person_id
                    AND e.effective_date <= b.written_date
                    AND coalesce(e.term_date >= b.written_date + least($high, 30)::INT, true))"""),
    "covered": Statistic(_RX, """
        , taken AS (
            SELECT f.person_id, r.ingredient, f.fill_date, f.days_supply AS days,
                min(f.fill_date) OVER (PARTITION BY f.person_id) AS began,
                count(*) OVER (PARTITION BY f.person_id) AS times,
                least(coalesce(p.death_date, $last::DATE), $last::DATE) AS ends,
                sum(f.days_supply) OVER (PARTITION BY f.person_id, r.ingredient
                    ORDER BY f.fill_date, f.fill_id) AS supplied
            FROM fills AS f JOIN prescriptions AS r USING (prescription_id)
                JOIN people AS p ON p.person_id = f.person_id
            WHERE f.status = 'paid' AND list_contains($groups[1], r.ingredient)),
        lasting AS (
            SELECT *, supplied + max(date_diff('day', DATE '1970-01-01', fill_date)
                    + days - supplied) OVER (PARTITION BY person_id, ingredient
                ORDER BY fill_date, supplied) AS until
            FROM taken WHERE times > 1 AND ends - began > 90),
        covered AS (
            SELECT person_id, count(DISTINCT day) AS days FROM (
                SELECT person_id, unnest(range((until - days)::BIGINT, least(until,
                    date_diff('day', DATE '1970-01-01', ends))::BIGINT)) AS day FROM lasting)
            GROUP BY person_id)
        SELECT person_id, (any_value(covered.days) / (any_value(ends) - any_value(began)) >= $low)
            ::INT AS value
        FROM lasting JOIN covered USING (person_id) GROUP BY person_id"""),
    "well_child": Statistic(("encounters",), """
        SELECT p.person_id, (count(e.encounter_id) >= $least)::INT AS value
        FROM people AS p LEFT JOIN encounters AS e ON e.person_id = p.person_id
            AND starts_with(e.reason_code, 'Z00.1')
            AND e.start_at >= p.birth_date + to_months($low::INT)
            AND e.start_at < p.birth_date + to_months($high::INT)
        WHERE p.birth_date + to_months($low::INT) >= $first::DATE - 31
            AND p.birth_date + to_months($high::INT) <= $last::DATE
            AND p.death_date IS NULL
        GROUP BY p.person_id"""),
}  # fmt: skip
