# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of clinical notes: what a note says, the other tables hold; asked of the text itself."""

from __future__ import annotations

from healthsim.audit.confirmed import defined_rows
from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.organisms import unnamed

NOTE = "concat('note_id ', n.note_id)"
_NEEDS = ("clinical_notes", "encounters")


def under(*headings: str) -> str:
    """Return the SQL of the text under the first of some headings; '' where none is there."""
    return rf"regexp_extract(n.text, '\n\n(?:{'|'.join(headings)})\n((?:.+\n)*)', 1)"


def _each(text: str, pattern: str) -> str:
    """Return the SQL of what a pattern's group finds in a text, one row each."""
    return f"unnest(regexp_extract_all({text}, '{pattern}', 1))"


EXAMINATION = under("EXAMINATION")
_CHANGE = "(up|down) from ([0-9.]+)(?:/[0-9.]+)? to ([0-9.]+)"
_BEGUN = "Z89|Z9|D62|I97|J95|K91|N17|N99|T81"
"""Beginnings of codes that an admission does not know where they begin in the stay."""
_LATER = f"^(Z37|O6[789]|O7[01235]|B9[567]|{_BEGUN})"
"""Codes that are known only once the stay is under way, or may be."""
_ACUTE_HEART = "^I50[.][234][13]"
_DIAGNOSES = under("ASSESSMENT", "DIAGNOSES")
_CODES = (rf"regexp_extract_all({_DIAGNOSES}, "
          r"'\(([A-Z][0-9A-Z.]+)\)(?:, arose during the stay)?\n', 1)")  # fmt: skip
_LISTED = ("(SELECT encounter_id, list(code ORDER BY sequence) AS codes FROM encounter_diagnoses "
           "GROUP BY encounter_id)")  # fmt: skip
_FIRST_PULSE = ("(SELECT encounter_id, arg_min(value, measured_at) AS pulse FROM vital_signs "
                "WHERE loinc = '8867-4' GROUP BY encounter_id)")  # fmt: skip
_RESULTS = rf"regexp_replace({under('RESULTS')}, '(?m)^Collected.*$| ?\([^()]*\)', '', 'g')"
_DRUGS = under("MEDICATIONS[A-Z ]*")
_SIGNS = under("(?:LAST )?VITAL SIGNS[A-Z ]*")
_VALUE = (r"[^-,;:] (-?[0-9.]+)(?: ?[^-0-9 ,;\n][^ ,;\n]*"
          r"(?: (?:m²|creatinine|in 24 h|(?:high|low)-power field))?)?[,;\n]")  # fmt: skip
"""The last number of a result, with its unit: names of tests have numbers too."""
_LASTING = (
    "SELECT *, regexp_extract(said, '^[A-Z0-9.]+') AS code FROM (SELECT n.note_id, n.person_id, "
    "e.start_at::DATE AS on_day, unnest(regexp_extract_all("
    + under("PROBLEMS")
    + r", '\(([A-Z][0-9A-Z.]+\), for [0-9]+ [a-z]+)', 1)) AS said "
    "FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id))"
)
"""Each problem of a note: its code, and for how long the person has it."""
_LENGTH = ("CASE " + " ".join(
    f"WHEN days < {below} THEN concat('for ', greatest(floor(days / {size})::INTEGER, 1), "
    f"' {unit}', if(days < {2 * size}, '', 's'))"
    for below, size, unit in ((14, 1, "day"), (60, 7, "week"), (731, 30.4375, "month"),
                              (10**6, 365.25, "year"))
) + " END")  # fmt: skip
"""How long `days` are, in the words of a note."""
_SUMMARY = "18842-5"
"""LOINC code of the summary of a stay, whose age is that of its last day."""
_DRUG = (
    "(?m)^- (?:(?:Continue|Resume|Keep holding|Start|Increase|Reduce) )?(.+?)(?: from .+)?[.] [A-Z]"
)

_HELD = f"regexp_extract_all({under('MEDICATIONS HELD')}, '(?m)^- (.+?)[.] Held', 1)"

_GIVEN = ("(SELECT encounter_id, list(DISTINCT drug) AS drugs FROM medication_administrations "
          "WHERE status = 'completed' GROUP BY encounter_id)")  # fmt: skip


def _left_with(act: str) -> str:
    """Return the SQL of the drugs with which a note says that somebody leaves, by what is done."""
    listed = under("MEDICATIONS AT DISCHARGE")
    return f"regexp_extract_all({listed}, '(?m)^- {act} (.+?)[.] [A-Z]', 1)"


_PAIRS = ", ".join(f"'{code}': '{before}'" for code, before in unnamed().items())
_OF_BEFORE = f"MAP {{{_PAIRS}}}"
"""Codes that name an organism, and those of before its culture grew."""

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a note is written in its encounter, by who treats", "clinical_notes.authored_at", _NEEDS,
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "WHERE n.authored_at NOT BETWEEN e.start_at AND e.end_at "
        "OR n.person_id <> e.person_id OR (n.author_npi <> e.attending_npi "
        "AND n.type <> '11504-8')",
    ),
    AuditRule(
        "an admission is written before the operating room", "clinical_notes.authored_at",
        ("clinical_notes", "encounter_locations"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN encounter_locations AS l "
        "USING (encounter_id) WHERE n.type = '34117-2' AND l.unit = 'operating room' "
        "AND n.authored_at > l.start_at",
    ),
    AuditRule(
        "a note names the diagnoses of its encounter, in order", "clinical_notes.text",
        ("clinical_notes", "encounter_diagnoses"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN {_LISTED} AS d USING (encounter_id) "
        f"WHERE n.type NOT IN ('11504-8', '34117-2') AND {_CODES} <> d.codes",
    ),
    AuditRule(
        "a note of an admission names what was known then, in order", "clinical_notes.text",
        ("clinical_notes", "encounter_diagnoses"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN {_LISTED} AS d USING (encounter_id) "
        f"WHERE n.type = '34117-2' AND list_filter(list_transform(d.codes, lambda c: "
        f"if(list_contains({_CODES}, c), c, coalesce({_OF_BEFORE}[c], c))), "
        f"lambda c: list_contains({_CODES}, c)) <> {_CODES} UNION ALL SELECT {NOTE} "
        "FROM clinical_notes AS n JOIN encounter_diagnoses AS d USING (encounter_id) "
        "WHERE n.type = '34117-2' AND CASE "
        f"WHEN list_contains({_CODES}, d.code) THEN d.poa = 'N' OR d.code LIKE 'Z37%' "
        f"ELSE d.poa IS DISTINCT FROM 'N' AND NOT regexp_matches(d.code, '{_LATER}') "
        f"AND NOT list_contains({_CODES}, coalesce({_OF_BEFORE}[d.code], '')) END",
    ),
    AuditRule(
        "an admission does not know what begins in the stay", "clinical_notes.text",
        ("clinical_notes", "conditions", "encounters", "lab_results"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN encounters AS e "
        "USING (encounter_id) JOIN conditions AS c ON c.person_id = n.person_id "
        f"WHERE n.type = '34117-2' AND regexp_matches(c.code, '^({_BEGUN})') "
        f"AND NOT EXISTS (SELECT 1 FROM lab_results AS l JOIN (VALUES {defined_rows()}) "
        "AS t (prefix, loinc) ON l.loinc = t.loinc AND starts_with(c.code, t.prefix) "
        "WHERE l.encounter_id = n.encounter_id AND l.resulted_at <= n.authored_at) "
        "AND c.onset_date BETWEEN e.start_at::DATE AND e.end_at::DATE AND NOT EXISTS (SELECT 1 "
        "FROM conditions AS o WHERE o.person_id = c.person_id AND o.code = c.code "
        "AND o.onset_date < e.start_at::DATE) "
        "AND contains(n.text, concat(' (', c.code, ')'))",
    ),
    AuditRule(
        "a change in a note is between two measurements", "clinical_notes.text",
        ("clinical_notes", "vital_signs", "lab_results"),
        "SELECT DISTINCT concat('note_id ', s.note_id) FROM (SELECT note_id, person_id, "
        f"unnest(regexp_extract_all(text, '{_CHANGE}', 1)) AS way, "
        f"unnest(regexp_extract_all(text, '{_CHANGE}', 2))::DOUBLE AS before, "
        f"unnest(regexp_extract_all(text, '{_CHANGE}', 3))::DOUBLE AS now "
        "FROM clinical_notes) AS s "
        "LEFT JOIN (SELECT person_id, list(DISTINCT value) AS known FROM (SELECT person_id, value "
        "FROM vital_signs UNION ALL SELECT person_id, value FROM lab_results) "
        "GROUP BY person_id) AS k USING (person_id) "
        "WHERE (s.way = 'up') <> (s.now > s.before) OR s.now = s.before "
        "OR list_contains(k.known, s.before) IS NOT TRUE "
        "OR list_contains(k.known, s.now) IS NOT TRUE",
    ),
    AuditRule(
        "an examination hears the pulse that was counted", "clinical_notes.text",
        ("clinical_notes", "vital_signs", "patients"),
        f"SELECT {NOTE} FROM clinical_notes AS n LEFT JOIN {_FIRST_PULSE} AS v "
        f"USING (encounter_id) WHERE CASE WHEN {EXAMINATION} LIKE '%pulse slow%' "
        "THEN v.pulse IS NULL OR v.pulse >= 50 "
        f"WHEN regexp_matches({EXAMINATION}, 'pulse regular, fast|irregular and fast') "
        "THEN v.pulse IS NULL OR v.pulse < 100 "
        f"WHEN {EXAMINATION} LIKE '%Heart: pulse regular%' "
        "THEN v.pulse NOT BETWEEN 50 AND 99.9 AND EXISTS (SELECT 1 FROM patients AS p "
        "WHERE p.person_id = n.person_id "
        "AND p.birth_date < n.authored_at::DATE - INTERVAL 13 YEAR) ELSE false END",
    ),
    AuditRule(
        "an examination finds what its diagnoses show", "clinical_notes.text",
        ("clinical_notes", "encounter_diagnoses"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN {_LISTED} AS d USING (encounter_id) "
        f"WHERE (contains({EXAMINATION}, 'Lungs: ') AND NOT contains({EXAMINATION}, 'crackles') "
        f"AND len(list_filter({_CODES}, lambda c: regexp_matches(c, '{_ACUTE_HEART}'))) > 0) "
        f"OR (contains({EXAMINATION}, 'wheeze on both sides') AND len(list_filter(d.codes, "
        "lambda c: regexp_matches(c, '^J4[45]'))) = 0) "
        f"OR (contains({EXAMINATION}, 'ravid uterus') AND len(list_filter(d.codes, "
        "lambda c: regexp_matches(c, '^(Z3[34A]|O)'))) = 0)",
    ),
    AuditRule(
        "an examination finds what fits the person", "clinical_notes.text",
        ("clinical_notes", "encounters", "encounter_diagnoses", "conditions", "patients"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "JOIN patients AS p ON p.person_id = n.person_id "
        f"WHERE (contains({EXAMINATION}, 'cord dry') "
        "AND date_diff('day', p.birth_date, e.start_at::DATE) > 21) "
        f"OR (contains({EXAMINATION}, 'no retinopathy') AND NOT EXISTS (SELECT 1 FROM (SELECT "
        "person_id, code FROM conditions UNION ALL SELECT o.person_id, d.code "
        "FROM encounter_diagnoses AS d JOIN encounters AS o USING (encounter_id)) AS c "
        "WHERE c.person_id = n.person_id AND regexp_matches(c.code, '^E(0[89]|1[013])')))",
    ),
    AuditRule(
        "a result in a note is a result of the person", "clinical_notes.text",
        ("clinical_notes", "lab_results"),
        "SELECT DISTINCT concat('note_id ', s.note_id) FROM (SELECT n.note_id, n.person_id, "
        f"n.authored_at, {_each(_RESULTS, _VALUE)} AS said "
        "FROM clinical_notes AS n) AS s ANTI JOIN lab_results AS r ON r.person_id = s.person_id "
        "AND r.resulted_at <= s.authored_at AND r.value = s.said::DOUBLE",
    ),
    AuditRule(
        "a note holds the results of its visit that were there", "clinical_notes.text",
        ("clinical_notes", "lab_results", "encounters"),
        f"SELECT DISTINCT {NOTE} FROM clinical_notes AS n JOIN lab_results AS r "
        "USING (encounter_id) WHERE r.resulted_at <= n.authored_at AND r.value IS NOT NULL "
        f"AND n.type NOT IN ('{_SUMMARY}', '11504-8') "
        "AND NOT contains(n.text, concat(' ', printf('%.15g', r.value)))",
    ),
    AuditRule(
        "a drug in a note is one that the person has", "clinical_notes.text",
        ("clinical_notes", "prescriptions"),
        "SELECT DISTINCT concat('note_id ', s.note_id) FROM (SELECT n.note_id, n.person_id, "
        f"n.authored_at, {_each(_DRUGS, _DRUG)} AS said "
        "FROM clinical_notes AS n) AS s ANTI JOIN prescriptions AS p "
        "ON p.person_id = s.person_id AND p.written_date <= s.authored_at "
        "AND (p.drug = s.said OR s.said LIKE concat('Change %', p.ingredient, '%'))",
    ),
    AuditRule(
        "a drug that a stay held is resumed, one that it did not hold goes on",
        "clinical_notes.text", ("clinical_notes", "medication_administrations"),
        f"SELECT {NOTE} FROM clinical_notes AS n LEFT JOIN {_GIVEN} AS g USING (encounter_id) "
        f"WHERE len(list_filter({_left_with('Continue')}, lambda one: list_contains({_HELD}, one) "
        "AND NOT list_contains(coalesce(g.drugs, []), one))) > 0 "
        f"OR len(list_filter({_left_with('Resume')}, lambda one: NOT list_contains({_HELD}, one) "
        "OR list_contains(coalesce(g.drugs, []), one))) > 0 "
        f"OR len(list_filter({_left_with('Keep holding')}, "
        f"lambda one: NOT list_contains({_HELD}, one))) > 0",
    ),
    AuditRule(
        "a pressure in a note was measured in its encounter", "clinical_notes.text",
        ("clinical_notes", "vital_signs"),
        f"SELECT {NOTE} FROM clinical_notes AS n WHERE {_SIGNS} LIKE 'Blood pressure%' "
        "AND NOT EXISTS (SELECT 1 FROM vital_signs AS h JOIN vital_signs AS l "
        "ON l.encounter_id = h.encounter_id AND l.loinc = '8462-4' "
        "WHERE h.encounter_id = n.encounter_id AND h.loinc = '8480-6' "
        f"AND {_SIGNS} LIKE concat('Blood pressure ', printf('%.15g', h.value), '/', "
        "printf('%.15g', l.value), ' mmHg%'))",
    ),
    AuditRule(
        "a problem in a note lasts as long as its condition", "clinical_notes.text",
        ("clinical_notes", "encounters", "conditions"),
        "SELECT DISTINCT concat('note_id ', note_id) FROM (SELECT s.note_id, s.said, "
        "date_diff('day', c.onset_date, s.on_day) AS days "
        f"FROM ({_LASTING}) AS s LEFT JOIN conditions AS c ON c.person_id = s.person_id "
        "AND c.code = s.code AND c.onset_date < s.on_day) "
        f"GROUP BY note_id, said HAVING NOT coalesce(bool_or(regexp_extract(said, 'for .*') = "
        f"{_LENGTH}), false)",
    ),
    AuditRule(
        "an age in a note is that of the day", "clinical_notes.text",
        ("clinical_notes", "encounters", "patients"),
        f"SELECT {NOTE} FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id) "
        "JOIN patients AS p ON p.person_id = n.person_id, LATERAL (SELECT (CASE WHEN n.type = "
        f"'{_SUMMARY}' THEN e.end_at ELSE e.start_at END)::DATE AS today) AS d "
        r"WHERE TRY_CAST(regexp_extract(n.text, ', (\d+)-year-old', 1) AS INTEGER) "
        "<> date_diff('year', p.birth_date, d.today) "
        "- (strftime(p.birth_date, '%m%d') > strftime(d.today, '%m%d'))::INTEGER "
        r"OR TRY_CAST(regexp_extract(n.text, ', (\d+)-day-old', 1) AS INTEGER) "
        "<> d.today - p.birth_date",
    ),
)  # fmt: skip
"""Rules that read the text of notes; none of them knows how notes are composed."""
