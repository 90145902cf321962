-- en: Members of each group of economies or cities on a day.
-- zh: 某日各国家组或地区组的成员。
-- day en: The day: '2020-01-31'; what is no day is refused.
-- day zh: 日期，如 '2020-01-31'；不是日期者拒绝。
CREATE MACRO main.group_members_on(day) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT CASE WHEN regexp_full_match(said, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND TRY_CAST(said AS DATE) IS NOT NULL
                THEN said
                ELSE error(concat('''', coalesce(said, 'NULL'), ''' is no day; write it like ''2020-01-31''')) END AS on_day
    FROM (SELECT CAST(day AS VARCHAR) AS said)
)
SELECT m.group_code, m.member, m.note, m.source
FROM group_members m
CROSS JOIN asked a
WHERE m.valid_from <= a.on_day AND (m.valid_to = '' OR m.valid_to >= a.on_day)
ORDER BY m.group_code, m.member
