-- One row a series: does it stand still (zeros, or one figure) for too many periods on end? One row a table, place and
-- year: are all its items what they were a year before?
WITH continued AS (
    SELECT series, year AS step, period, locator, v, lo, hi, mult FROM moves JOIN series USING (series)
    WHERE v = before AND freq = 'A'
    UNION ALL
    SELECT series, step, period, locator, v, lo, hi, mult
    FROM (SELECT series, step, period, locator, dv AS v, dlo AS lo, dhi AS hi, mult
          FROM timed WHERE freq <> 'A')
    WINDOW past AS (PARTITION BY series ORDER BY step)
    QUALIFY v = lag(v) OVER past AND step = lag(step) OVER past + 1
), islands AS (
    SELECT *, step - row_number() OVER (PARTITION BY series ORDER BY step) AS island FROM continued
), runs AS (
    SELECT series, island, count(*) + 1 AS length, any_value(v) AS v, any_value(mult) AS mult, max(step) AS step,
           arg_max(period, step) AS period, arg_max(locator, step) AS locator,
           bool_and(hi - lo > $coarse * abs(v)) AS is_coarse
    FROM islands GROUP BY series, island
    HAVING count(*) + 1 >= CASE WHEN any_value(v) = 0 THEN $zeros ELSE $constants END
), of_series AS (
    SELECT s.*, r.* EXCLUDE (series, least)
    FROM series s
    LEFT JOIN (SELECT unnest(max({least: length, step: step, period: period, locator: locator, v: v, mult: mult,
                                  length: length, is_coarse: coalesce(is_coarse, false) AND v <> 0})), series
               FROM runs GROUP BY series) r USING (series)
), of_years AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, activity, mode, basis, unit, adjustment, freq, period,
           count(*) FILTER (v <> 0) AS items, count(*) FILTER (v <> 0 AND v = before) AS same,
           count(*) FILTER (v <> before) AS moved, min(locator) AS locator
    FROM changes GROUP BY ALL
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, coalesce(period, '') AS period, 'value' AS measure,
       coalesce(locator, first_locator) AS locator,
       CASE WHEN periods < $zeros THEN 'not_judged' WHEN length IS NULL THEN 'pass' WHEN is_coarse THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_short' WHEN verdict = 'explained' THEN 'coarse' ELSE '' END AS reason,
       CASE WHEN length > 0 THEN tell({says: 'still', length: length, figure: say(v, mult)}) END AS found,
       CASE WHEN v = 0 THEN tell({says: 'fewer_zeros', most: $zeros}) WHEN length > 0
            THEN tell({says: 'fewer_equal', most: $constants}) END AS expected,
       length AS size
FROM of_series
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, '' AS item, period, 'value' AS measure, locator,
       CASE WHEN items < $copied_items THEN 'not_judged' WHEN moved = 0 THEN 'fail' ELSE 'pass' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'few_items' ELSE '' END AS reason,
       tell({says: 'copied', same: same, items: items}) AS found, tell({says: 'moving'}) AS expected, same AS size,
       'items' AS size_unit
FROM of_years
