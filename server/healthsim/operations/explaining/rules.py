"""Rules that no specification states: what the rows of each table follow from."""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "events": "one row for each step of a journey that happened",
    "patients": "one row for each person of the profile: drawn part by part, names and numbers "
                "invented (execution/cohort/identity.py; places: populationsim, Census)",
    "encounters": "hour and length by class (execution/sync/visits/visits.py: assumption); "
                  "clinician and facility kept by place, plan and specialty "
                  "(execution/sync/visits/care_team.py)",
    "encounter_diagnoses": "the encounter's listed diagnoses that hold, else the primary "
                           "condition, coded together with what the person has "
                           "(codes/icd10cm.py: ICD-10-CM guidelines); order, drugs taken for "
                           "long and pregnancies: medicine/coding.py, medicine/obstetrics.py",
    "conditions": "one row for each time of a condition, combined as ICD-10-CM asks "
                  "(codes/icd10cm.py); when it ends and what it becomes: "
                  "medicine/data/problem_list.csv",
    "lab_results": "unit, interval and flag from the code book (codes/data, LOINC)",
    "vital_signs": "unit from the code book (codes/data, LOINC); usual ones stay within limits on "
                   "discharge (medicine/data/leaving_signs.csv), and a low saturation is answered "
                   "by oxygen (medicine/data/build.csv)",
    "prescriptions": "units by the usual dose in whole packages (codes/data, drugs)",
    "fills": "dates: products/rxmembersim/fills.py (Franklin et al. 2018); prices: codes/data",
    "planted_violations": "one row for each rule of safe drugs that a prescription or treatment "
                          "breaks on purpose (medicine/data/safety.csv)",
    "person_attributes": "one row for each person and attribute of the profile",
    "care_team_members": "the person's primary care provider, and who treats in visits and stays "
                         "(execution/sync/chart/care_team.py)",
    "service_requests": "one row for each order: of a test or panel, of a study or operation "
                        "(medicine/data/studies.csv), and of each referral",
    "specimens": "one row for each kind of tube that the results of an order need "
                 "(medicine/data/specimens.csv)",
    "diagnostic_reports": "one row for each order of tests that are reported, and each study that "
                          "is read (codes/data/panels.csv, medicine/data/studies.csv); what was "
                          "found: medicine/data/report_sentences.csv",
    "appointments": "one row for each planned visit, some that were missed or cancelled before "
                    "it, and the next of people in follow-up (medicine/data/appointments.csv)",
    "diagnostic_report_results": "one row for each result, in the report of its order",
    "devices": "what a procedure puts in, what a code says is there, and what a condition or drug "
               "asks for, by share (medicine/data/device_causes.csv)",
    "related_persons": "spouse and parents of the household, or a spouse, parent, child or friend "
                       "who is not in the data (medicine/data/contacts.csv)",
    "family_history": "what relatives had: those of the data by their charts, others by share "
                      "(medicine/data/family_history.csv)",
    "screenings": "one row for each total among the results, and needs in a year's first visit "
                  "(medicine/data/screenings.csv)",
    "screening_answers": "answers that add up to the total, or needs by code and share "
                         "(medicine/data/screening_items.csv)",
    "observations": "asked in the year before the data, and in visits; codes such as F17.210 have "
                    "precedence (medicine/data/observations.csv, smoking.csv)",
    "allergies": "the profile's share or the usual one (medicine/data/allergies.csv), and codes "
                 "such as Z88.0; usual ones never to what the person is given",
    "immunizations_not_given": "due at a visit and not given, by share and season "
                               "(medicine/data/vaccines_not_given.csv)",
    "encounter_locations": "the path of units that fits the stay's diagnoses, procedures and age "
                           "(medicine/data/ward_paths.csv); rooms and beds are drawn",
    "medication_administrations": "a procedure's injection, what the stay's diagnosis usually gets "
                                  "(medicine/data/ward_drugs.csv), and home drugs at the ward's "
                                  "rounds; a few are missed",
    "goals": "set at the first visit with the condition, by share, age and what else there is; "
             "reached where the latest result shows it (medicine/data/goals.csv)",
    "clinical_notes": "one row for each visit, two for each stay: composed of the rows that the "
                      "chart has by then (execution/sync/chart/notes)",
    "members": "everybody of the profile; the anchor of a household is its subscriber, of a child "
               "without its family a parent who is not in the data "
               "(execution/sync/subscribers.py)",
    "rx_members": "everybody of the profile, with the member number of the subscriber",
    "enrollments": "one row for each span of coverage: the profile's plan, or what a step opened",
    "claims": "an encounter on a covered day is billed: 837P for clinicians, 837I for facilities "
              "(execution/sync/bills/build.py)",
    "claim_lines": "one line for each service (execution/sync/bills/build.py), priced by the fee "
                   "schedule (products/membersim/data/fees.csv)",
    "claim_adjustments": "one row for each reason why less was paid than charged (X12 CARC)",
    "claim_codes": "codes of an 837I that follow from what happened (billing/data/claim_codes.csv)",
    "claim_diagnoses": "the encounter's diagnoses, at most 12 on an 837P",
    "plans": "the plans that the profile or a step names (products/membersim/plans.py)",
    "plan_years": "the plan's limits of each year of the data: stated, else of the law of the year "
                  "(billing/data/statutory.csv)",
    "accumulator_events": "what each claim and fill uses up of a limit, or gives back, in the "
                          "order of decisions (billing/benefits/accumulators.py)",
    "prescription_drug_events": "who pays for a fill of Part D, as the plan reports it to CMS "
                                "(billing/benefits/part_d.py)",
    "plan_networks": "each plan has contracts with a share of the organisations, and with those "
                     "that make it adequate (products/networksim/contracts.py)",
    "tumor_measurements": "a course with a shrinking and a growing part (medicine/tumors.py)",
    "tumor_responses": "response by RECIST 1.1 (medicine/data/tumors.csv)",
    "result_grades": "grade of a trial's result by CTCAE v5.0 (medicine/data/ctcae.csv)",
    "trial_arms": "one row for each arm of a journey's trial",
    "subjects": "one row for each person who enters a journey with a trial",
    "providers": "clinicians whom rows of this scenario name, from the directory "
                 "(products/networksim)",
    "facilities": "facilities that rows of this scenario name, from the directory "
                  "(products/networksim)",
    "pharmacies": "pharmacies that rows of this scenario name, from the directory "
                  "(products/networksim)",
}  # fmt: skip
"""Table -> the rule that made its rows, with the table of knowledge that it uses."""
