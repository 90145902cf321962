-- One row a series: does it stand still (zeros, or one figure) for too many periods on end? One row a table, place and
-- year: are all its items what they were a year before?
CREATE OR REPLACE TEMP TABLE weighed AS
WITH timed AS (
    SELECT cell, v, lo, hi, mult, series_of(cell) AS series, period_of(cell) >> 11 AS season,
           step_of(period_of(cell)) AS step
    FROM figures WHERE is_level AND period_of(cell) < 34816
), lengths AS MATERIALIZED (
    SELECT series_of(cell) AS series, count(*) AS periods FROM figures WHERE is_level AND period_of(cell) < 34816 GROUP BY ALL
), of_years AS MATERIALIZED (
    SELECT spot_of(cell) AS spot, count(*) FILTER (v <> 0) AS items, count(*) FILTER (v <> 0 AND v = before) AS same,
           count(*) FILTER (v <> before) AS moved,
           list({cell: cell, v: v, lo: lo, hi: hi, mult: mult}) FILTER (v = before AND period_of(cell) < 2048) AS still
    FROM moves GROUP BY ALL
), continued AS (
    SELECT series_of(cell) AS series, period_of(cell) AS step, period_of(cell) AS period_no, v, lo, hi, mult
    FROM (SELECT unnest(still, recursive := true) FROM of_years)
    UNION ALL
    SELECT series, step, period_of(cell), v, lo, hi, mult FROM timed WHERE season > 0
    WINDOW past AS (PARTITION BY series ORDER BY step)
    QUALIFY v = lag(v) OVER past AND step = lag(step) OVER past + 1
), islands AS (
    SELECT *, step - row_number() OVER (PARTITION BY series ORDER BY step) AS island FROM continued
), runs AS (
    SELECT series, island, count(*) + 1 AS length, any_value(v) AS v, any_value(mult) AS mult, max(step) AS step,
           arg_max(period_no, step) AS period_no, bool_and(hi - lo > $coarse * abs(v)) AS is_coarse
    FROM islands GROUP BY series, island
    HAVING count(*) + 1 >= CASE WHEN any_value(v) = 0 THEN $zeros ELSE $constants END
), longest AS MATERIALIZED (
    SELECT series, unnest(max({least: length, step: step, period_no: period_no, v: v, mult: mult, length: length,
                               is_coarse: coalesce(is_coarse, false) AND v <> 0}))
    FROM runs GROUP BY series
), years AS (
    SELECT * EXCLUDE (still), CASE WHEN items < $copied_items THEN 'not_judged' WHEN moved = 0 THEN 'fail' ELSE 'pass' END AS verdict
    FROM of_years
)
SELECT series >> 16 AS place, series & 65535 AS item_no, period_no, v, mult, length, length AS size, true AS is_series,
       CASE WHEN periods < $zeros THEN 'not_judged' WHEN is_coarse THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_short' WHEN verdict = 'explained' THEN 'coarse' ELSE '' END AS reason
FROM lengths LEFT JOIN longest USING (series) WHERE periods < $zeros OR length IS NOT NULL
UNION ALL BY NAME
SELECT series >> 16 AS place, 'pass' AS verdict, count(*) AS cases
FROM lengths LEFT JOIN longest USING (series) WHERE periods >= $zeros AND length IS NULL GROUP BY ALL
UNION ALL BY NAME
SELECT spot >> 16 AS place, spot & 65535 AS period_no, items, same, same AS size, false AS is_series, verdict,
       CASE WHEN verdict = 'not_judged' THEN 'few_items' ELSE '' END AS reason
FROM years WHERE verdict <> 'pass'
UNION ALL BY NAME
SELECT spot >> 16 AS place, 'pass' AS verdict, count(*) AS cases FROM years WHERE verdict = 'pass' GROUP BY ALL;

WITH located AS (
    -- of a year: the items that are printed of the year before too
    SELECT place_of(cell) AS place, period_of(cell) AS period_no, min(locator) AS first_locator
    FROM (FROM near WHERE is_level AND period_of(cell) < 34816)
    SEMI JOIN (SELECT cell + 1 AS cell FROM figures WHERE is_level) USING (cell) GROUP BY ALL
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, coalesce(period, '') AS period, 'value' AS measure,
       timed_locator AS locator, verdict, reason,
       CASE WHEN length > 0 THEN tell({says: 'still', length: length, figure: say(v, mult)}) END AS found,
       CASE WHEN v = 0 THEN tell({says: 'fewer_zeros', most: $zeros}) WHEN length > 0
            THEN tell({says: 'fewer_equal', most: $constants}) END AS expected,
       size
FROM told WHERE is_series
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, '' AS item, period, 'value' AS measure, first_locator AS locator,
       verdict, reason,
       tell({says: 'copied', same: same, items: items}) AS found, tell({says: 'moving'}) AS expected,
       size, 'items' AS size_unit
FROM told JOIN located USING (place, period_no) WHERE NOT is_series
