"""TrialSim: subjects, visits, events and doses of clinical trials, as columns."""

from __future__ import annotations

from healthsim.tables import Column, Table

_PERSON = Column(
    "person_id", "BIGINT", "Who it is about.", references="patients.person_id", required=True
)
_SUBJECT = Column(
    "subject_id", "BIGINT", "The subject that the person is in this trial.",
    references="subjects.subject_id", required=True,
)  # fmt: skip
_TRIAL = Column("trial", "VARCHAR", "The trial's id.", source="SDTM STUDYID", required=True)
_ENCOUNTER = Column(
    "encounter_id", "BIGINT", "The encounter of the chart, where it happened in one.",
    references="encounters.encounter_id",
)  # fmt: skip
_EVENT = Column(
    "event_id", "BIGINT", "The journey event that caused it.",
    references="events.event_id", required=True,
)  # fmt: skip

TRIAL_ARMS = Table(
    name="trial_arms",
    product="trialsim",
    grain="one row per trial and arm",
    key=("trial", "arm"),
    columns=(
        _TRIAL,
        Column("arm", "VARCHAR", "Name of the arm.", source="SDTM TA.ARM", required=True),
        Column("title", "VARCHAR", "Title of the trial.", source="SDTM TS TITLE"),
        Column("phase", "VARCHAR", "Phase of the trial.", source="SDTM TS TPHASE",
               required=True),
        Column("sites", "INTEGER", "Sites that enrol.", required=True),
        Column("ratio", "INTEGER", "Places of the arm in one round of the ratio.",
               source="SDTM TS RANDOM", required=True),
        Column("block", "INTEGER", "Subjects in one block of the randomisation.",
               required=True),
    ),
)  # fmt: skip

SUBJECTS = Table(
    name="subjects",
    product="trialsim",
    grain="one row per person who was asked to take part, and trial",
    key=("subject_id",),
    columns=(
        Column("subject_id", "BIGINT", "Address of the person in the trial.", required=True),
        _PERSON,
        _TRIAL,
        Column("usubjid", "VARCHAR", "Unique subject identifier: trial, site, number.",
               source="SDTM DM.USUBJID", required=True),
        Column("subject_number", "VARCHAR", "The person's number in the trial.",
               source="SDTM DM.SUBJID", required=True),
        Column("site", "VARCHAR", "The site that enrolled the subject, 001 and on.",
               source="SDTM DM.SITEID", required=True),
        Column("ssn", "VARCHAR", "The same number as in the chart.", required=True),
        Column("asked_date", "DATE", "Day on which they were asked to take part.",
               required=True),
        Column("consent_date", "DATE", "Informed consent: the first day in the trial; null where "
               "it was refused.", source="SDTM DM.RFICDTC"),
        Column("screen_date", "DATE", "Day on which the criteria were asked; null before.",
               source="SDTM DS.DSSTDTC"),
        Column("randomized_date", "DATE", "Day of randomisation; null without.",
               source="SDTM DS.DSSTDTC of RANDOMIZED"),
        Column("stratum", "VARCHAR", "Stratum of the randomisation; null without."),
        Column("block", "INTEGER", "Block within the stratum, from 1; null without."),
        Column("arm", "VARCHAR", "Arm assigned; null where not randomised.",
               source="SDTM DM.ARM"),
        Column("status", "VARCHAR", "consented, screen failure, screened (eligible, not yet "
               "randomised), ongoing, completed, discontinued, withdrawn, died, or consent "
               "refused: nothing else is stored of those.",
               source="SDTM DS.DSDECOD", required=True),
        Column("end_date", "DATE", "Last day in the trial, or of the refusal; null while in it.",
               source="SDTM DM.RFPENDTC"),
        Column("end_reason", "VARCHAR", "Why it ended; null while in it.",
               source="SDTM DS.DSTERM"),
        Column("screen_fail_reason", "VARCHAR", "First criterion that was not satisfied; null "
               "where all were.", source="SDTM IE.IETEST"),
    ),
)  # fmt: skip

ELIGIBILITY_RESULTS = Table(
    name="eligibility_results",
    product="trialsim",
    grain="one row per screened subject and criterion",
    key=("eligibility_result_id",),
    columns=(
        Column("eligibility_result_id", "BIGINT", "Address of the answer.", required=True),
        _PERSON,
        _SUBJECT,
        _TRIAL,
        Column("sequence", "INTEGER", "Place of the criterion among the trial's, from 1; "
               "inclusion comes first.", required=True),
        Column("criterion", "VARCHAR", "Name of the criterion.", source="SDTM IE.IETEST",
               required=True),
        Column("kind", "VARCHAR", "inclusion or exclusion.", source="SDTM IE.IECAT",
               required=True),
        Column("met", "BOOLEAN", "What the criterion says holds: an inclusion must be met, an "
               "exclusion must not.", source="SDTM IE.IEORRES", required=True),
        Column("asked_date", "DATE", "Day of the answer.", source="SDTM IE.IEDTC",
               required=True),
        _EVENT,
    ),
)  # fmt: skip

TRIAL_VISITS = Table(
    name="trial_visits",
    product="trialsim",
    grain="one row per subject and visit that was planned or took place",
    key=("trial_visit_id",),
    columns=(
        Column("trial_visit_id", "BIGINT", "Address of the visit.", required=True),
        _PERSON,
        _SUBJECT,
        _TRIAL,
        Column("visit_number", "INTEGER", "The protocol's number of the visit; null where "
               "unscheduled.", source="SDTM SV.VISITNUM"),
        Column("name", "VARCHAR", "The protocol's name of the visit.", source="SDTM SV.VISIT",
               required=True),
        Column("planned_date", "DATE", "The protocol's day; null where none was planned.",
               source="SDTM SV.VISITDY"),
        Column("actual_date", "DATE", "Day of the visit; null where it was missed.",
               source="SDTM SV.SVSTDTC"),
        Column("window_low_date", "DATE", "First day of the window; null where none."),
        Column("window_high_date", "DATE", "Last day of the window; null where none."),
        Column("deviation", "BOOLEAN", "It lies outside of its window.",
               source="SDTM DV.DVTERM", required=True),
        Column("status", "VARCHAR", "completed, missed or unscheduled.",
               source="SDTM SV.SVOCCUR", required=True),
        Column("routine_care", "BOOLEAN", "It is billed as any visit is; otherwise the sponsor "
               "pays and there is no claim.", required=True),
        _ENCOUNTER,
        _EVENT,
    ),
)  # fmt: skip

ADVERSE_EVENTS = Table(
    name="adverse_events",
    product="trialsim",
    grain="one row per adverse event",
    key=("adverse_event_id",),
    columns=(
        Column("adverse_event_id", "BIGINT", "Address of the adverse event.", required=True),
        _PERSON,
        _SUBJECT,
        _TRIAL,
        Column("term", "VARCHAR", "As reported.", source="SDTM AE.AETERM", required=True),
        Column("code", "VARCHAR", "ICD-10-CM code; null where the specification gives none."),
        Column("grade", "INTEGER", "CTCAE grade, 1 mild to 5 death.", source="SDTM AE.AETOXGR",
               required=True),
        Column("related", "VARCHAR", "Relation to the treatment; null where not asked.",
               source="SDTM AE.AEREL"),
        Column("serious", "BOOLEAN", "Serious by ICH E2A: always so from grade 4 on.",
               source="SDTM AE.AESER", required=True),
        Column("serious_reason", "VARCHAR", "Why it is serious, the gravest reason: death, "
               "life-threatening, hospitalization or other medically important; null where it is "
               "not.", source="SDTM AE.AESDTH, AESLIFE, AESHOSP, AESMIE"),
        Column("action", "VARCHAR", "Action taken with the treatment; null where not asked.",
               source="SDTM AE.AEACN"),
        Column("outcome", "VARCHAR", "How it came out, as far as the trial saw it.",
               source="SDTM AE.AEOUT", required=True),
        Column("start_date", "DATE", "First day.", source="SDTM AE.AESTDTC", required=True),
        Column("end_date", "DATE", "Last day; null where it goes on.", source="SDTM AE.AEENDTC"),
        Column("stay_encounter_id", "BIGINT", "The stay in hospital that it led to; null without.",
               references="encounters.encounter_id", source="SDTM AE.AESHOSP"),
        _ENCOUNTER,
        _EVENT,
    ),
)  # fmt: skip

RESULT_GRADES = Table(
    name="result_grades",
    product="trialsim",
    grain="one row per result of a trial that the CTCAE grades 1 or more",
    key=("lab_result_id",),
    columns=(
        Column("lab_result_id", "BIGINT", "The result.",
               references="lab_results.lab_result_id", required=True),
        _PERSON,
        _SUBJECT,
        _TRIAL,
        Column("term", "VARCHAR", "The term of the CTCAE v5.0 that grades it.",
               source="SDTM LB.LBTOX", required=True),
        Column("grade", "INTEGER", "The grade, 1 to 4, from value and reference interval.",
               source="SDTM LB.LBTOXGR", required=True),
        Column("collected_date", "DATE", "Day of the specimen.", source="SDTM LB.LBDTC",
               required=True),
        _EVENT,
    ),
)  # fmt: skip

TUMOR_MEASUREMENTS = Table(
    name="tumor_measurements",
    product="trialsim",
    grain="one row per target lesion and assessment",
    key=("tumor_measurement_id",),
    columns=(
        Column("tumor_measurement_id", "BIGINT", "Address of the measurement.", required=True),
        _PERSON,
        _SUBJECT,
        _TRIAL,
        Column("lesion", "INTEGER", "Number of the target lesion, from 1.",
               source="SDTM TU.TULNKID", required=True),
        Column("organ", "VARCHAR", "Where it is.", source="SDTM TU.TULOC", required=True),
        Column("diameter_mm", "INTEGER", "Longest diameter; 0 where it is not seen any more.",
               source="SDTM TR.TRORRES", required=True),
        Column("assessed_date", "DATE", "Day of the assessment.", source="SDTM TR.TRDTC",
               required=True),
        _ENCOUNTER,
        _EVENT,
    ),
)  # fmt: skip

TUMOR_RESPONSES = Table(
    name="tumor_responses",
    product="trialsim",
    grain="one row per assessment of a subject's tumour",
    key=("tumor_response_id",),
    columns=(
        Column("tumor_response_id", "BIGINT", "Address of the assessment.", required=True),
        _PERSON,
        _SUBJECT,
        _TRIAL,
        Column("assessed_date", "DATE", "Day of the assessment.", source="SDTM RS.RSDTC",
               required=True),
        Column("sum_mm", "INTEGER", "Sum of the diameters of the target lesions.",
               source="SDTM TR SUMDIAM", required=True),
        Column("baseline_sum_mm", "INTEGER", "The sum at the first assessment.", required=True),
        Column("nadir_sum_mm", "INTEGER", "The smallest sum before; at first, the sum itself.",
               required=True),
        Column("new_lesion", "BOOLEAN", "There is a lesion that was not there at first.",
               required=True),
        Column("response", "VARCHAR", "Overall response by RECIST 1.1: CR, PR, SD or PD; null at "
               "the first assessment.", source="SDTM RS OVRLRESP"),
        Column("best_response", "VARCHAR", "The best response so far, unconfirmed; null at first.",
               source="SDTM RS BESTRESP"),
        _ENCOUNTER,
        _EVENT,
    ),
)  # fmt: skip

EXPOSURES = Table(
    name="exposures",
    product="trialsim",
    grain="one row per dose, or constant dosing over several days",
    key=("exposure_id",),
    columns=(
        Column("exposure_id", "BIGINT", "Address of the dose.", required=True),
        _PERSON,
        _SUBJECT,
        _TRIAL,
        Column("treatment", "VARCHAR", "What was given.", source="SDTM EX.EXTRT", required=True),
        Column("arm", "VARCHAR", "The subject's arm on that day; null without one.",
               source="SDTM DM.ARM"),
        Column("dose", "DOUBLE", "Amount at each administration.", source="SDTM EX.EXDOSE",
               required=True),
        Column("unit", "VARCHAR", "Unit of the dose.", source="SDTM EX.EXDOSU", required=True),
        Column("route", "VARCHAR", "Route of administration.", source="SDTM EX.EXROUTE",
               required=True),
        Column("start_date", "DATE", "First day.", source="SDTM EX.EXSTDTC", required=True),
        Column("end_date", "DATE", "Last day.", source="SDTM EX.EXENDTC", required=True),
        Column("visit", "VARCHAR", "Name of the trial's visit; null outside of one.",
               source="SDTM EX.VISIT"),
        _ENCOUNTER,
        _EVENT,
    ),
)  # fmt: skip

TABLES = (
    TRIAL_ARMS, SUBJECTS, ELIGIBILITY_RESULTS, TRIAL_VISITS, ADVERSE_EVENTS, RESULT_GRADES,
    TUMOR_MEASUREMENTS, TUMOR_RESPONSES, EXPOSURES,
)  # fmt: skip
