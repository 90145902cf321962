-- en: Where a period (or the end of a span) begins, in years: 2020-Q3 gives 2020.5. NULL for what is no period.
-- zh: 一个时期（或时段的末端）始于何时，以年计：2020-Q3 得 2020.5。不是时期者得 NULL。
-- period en: Code of a period.
-- period zh: 时期代码。
CREATE MACRO main.place_in_time(period) AS (
    list_extract(list_transform([string_split(period, chr(47))[-1]], lambda last: CASE
        WHEN regexp_full_match(last, '[12][0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?')
        THEN CAST(last[1:4] AS DOUBLE)
             + coalesce(CASE WHEN last[6:6] = 'Q' THEN (TRY_CAST(last[7:7] AS DOUBLE) - 1) / 4
                             ELSE (TRY_CAST(last[6:7] AS DOUBLE) - 1) / 12 END, 0)
             + coalesce((TRY_CAST(last[9:10] AS DOUBLE) - 1) / 366, 0)
        END), 1)
);
