-- One row for each year of which a quarter is printed, each quarter of which a month is, and each figure since January
-- beside the one before it.
WITH spans AS (
    SELECT *, period[1:4] AS year,
           CASE WHEN contains(period, '/') THEN NULL WHEN freq = 'Q' THEN CAST(period[7:7] AS INTEGER)
                WHEN freq = 'M' THEN (CAST(period[6:7] AS INTEGER) + 2) // 3 END AS quarter
    FROM levels
    WHERE freq IN ('A', 'Q', 'M') AND flow <> 'N' AND price IN ('', 'current')
      AND (len(period) IN (4, 7) OR (len(period) = 15 AND period[6:7] = '01' AND period[1:4] = period[9:12]))
      -- a table of years only has nothing to add up
      AND hash(dataset, vintage, table_id) IN (SELECT hash(dataset, vintage, table_id) FROM levels WHERE freq IN ('Q', 'M'))
), roles AS (
    SELECT *, unnest(CASE WHEN contains(period, '/') THEN []
        WHEN freq = 'A' THEN [{whole: year, part: '', is_whole: true, wanted: 4}, {whole: year, part: 'M', is_whole: true, wanted: 12}]
        WHEN freq = 'Q' THEN [{whole: year, part: '', is_whole: false, wanted: 4}, {whole: period, part: 'M', is_whole: true, wanted: 3}]
        ELSE [{whole: year || '-Q' || quarter, part: 'M', is_whole: false, wanted: 3},
              {whole: year, part: 'M', is_whole: false, wanted: 12}] END) AS role
    FROM spans
), sums AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, activity, mode, basis, unit, adjustment,
           role.whole AS period, role.part AS part, role.wanted AS wanted,
           count(*) FILTER (role.is_whole) AS wholes, count(*) FILTER (NOT role.is_whole) AS parts,
           min(v) FILTER (role.is_whole) AS v, min(lo) FILTER (role.is_whole) AS lo, max(hi) FILTER (role.is_whole) AS hi,
           min(locator) FILTER (role.is_whole) AS locator, min(mult) FILTER (role.is_whole) AS mult,
           sum(v) FILTER (NOT role.is_whole) AS total, sum(lo) FILTER (NOT role.is_whole) AS total_lo,
           sum(hi) FILTER (NOT role.is_whole) AS total_hi, count(*) FILTER (lo IS NULL OR hi IS NULL) AS open,
           CAST(max(hi - lo) AS DOUBLE) AS width,
           bool_or(len(list_intersect(string_split(obs_status, ';'), $provisional)) > 0) AS is_provisional
    FROM roles GROUP BY ALL
    HAVING count(*) FILTER (role.is_whole) > 0 AND count(*) FILTER (NOT role.is_whole) > 0
), since_january AS (
    SELECT *, lag(lo) OVER past AS lo_before, lag(v) OVER past AS v_before, lag(period) OVER past AS period_before,
           len(list_intersect(string_split(obs_status, ';'), $provisional)) > 0 AS is_provisional
    FROM spans WHERE contains(period, '/') OR period[6:7] = '01'
    WINDOW past AS (PARTITION BY dataset, vintage, table_id, geo, partner, flow, item, activity, mode, basis, unit,
                    adjustment, year ORDER BY right(period, 2))
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN parts <> wanted OR wholes > 1 OR open > 0 THEN 'not_judged'
            WHEN total_lo > hi OR total_hi < lo THEN 'fail'
            WHEN abs(CAST(total - v AS DOUBLE)) > $sigmas * sqrt((parts + 1) / 12.0) * width THEN 'explained'
            ELSE 'pass' END AS verdict,
       CASE WHEN parts < wanted THEN 'parts_missing' WHEN parts > wanted OR wholes > 1 THEN 'printed_twice'
            WHEN open > 0 THEN 'no_interval' WHEN verdict = 'explained' THEN 'unlikely' ELSE '' END AS reason,
       CASE WHEN is_provisional THEN 'warning' ELSE 'error' END AS severity,
       CASE WHEN verdict IN ('fail', 'explained') THEN tell({says: 'sum', total: say(total, mult), parts: parts}) END AS found,
       CASE WHEN verdict IN ('fail', 'explained') THEN tell({says: 'whole', whole: say(v, mult), low: say(lo - (total_hi - total), mult),
                                             high: say(hi + (total - total_lo), mult)}) END AS expected,
       excess(total, v) AS size
FROM sums
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN hi IS NULL OR lo_before IS NULL THEN 'not_judged' WHEN hi >= lo_before THEN 'pass'
            WHEN len(list_filter($may_be_negative, lambda allowed: starts_with(item, allowed))) > 0 THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'no_interval' WHEN verdict = 'explained' THEN 'may_be_negative' ELSE '' END
           AS reason,
       CASE WHEN is_provisional THEN 'warning' ELSE 'error' END AS severity,
       say(v, mult) AS found, '>= ' || say(v_before, mult) || ' (' || period_before || ')' AS expected,
       excess(v, v_before) AS size
FROM since_january WHERE period_before IS NOT NULL
