SELECT person_id, goal_id AS place, 'g' || goal_id AS id, concat(
    head('Goal', 'g' || goal_id, 'us-core-goal', escaped(description) || ', by ' || day(due_date) || ', ' || status),
    ',"lifecycleStatus":"', status, '"',
    prop('achievementStatus', concept(hl7('goal-achievement'), achievement, NULL)),
    prop('category', '[' || concept(hl7('goal-category'), category, NULL) || ']'),
    ',"description":', words(description),
    ',"subject":', reference('Patient', 'p' || person_id),
    day_prop('startDate', start_date),
    ',"target":[{"dueDate":"', day(due_date), '"',
    prop('measure', worded('http://loinc.org', loinc, NULL)),
    CASE WHEN loinc IS NOT NULL THEN prop('detailRange', nullif('{' || concat_ws(',',
        '"low":' || quantity(target_low, target_unit), '"high":' || quantity(target_high, target_unit)) || '}', '{}')) END,
    '}]',
    ',"addresses":[', reference('Condition', 'c' || condition_id), ']',
    end_line()) AS resource
FROM goals
