-- One row a series: does it stand still (zeros, or one figure) for too many periods on end? One row a table, place and
-- year: are all its items what they were a year before?
WITH runs AS (
    SELECT *, min(v) OVER zeros = 0 AND max(v) OVER zeros = 0 AND count(*) OVER zeros = $zeros
              AND lag(step, $zeros - 1) OVER past = step - $zeros + 1 AS is_zero_run,
           v <> 0 AND min(v) OVER same = max(v) OVER same AND count(*) OVER same = $constants
              AND lag(step, $constants - 1) OVER past = step - $constants + 1 AS is_constant_run
    FROM timed
    WINDOW past AS (PARTITION BY series ORDER BY step),
           zeros AS (PARTITION BY series ORDER BY step ROWS BETWEEN $zeros - 1 PRECEDING AND CURRENT ROW),
           same AS (PARTITION BY series ORDER BY step ROWS BETWEEN $constants - 1 PRECEDING AND CURRENT ROW)
), of_series AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, series, count(*) AS periods, min(locator) AS first_locator,
           bool_or(is_zero_run) AS is_zero, bool_or(is_constant_run) AS is_constant,
           max({period: period, locator: locator, printed: printed}) FILTER (is_zero_run OR is_constant_run) AS last,
           bool_and(CAST(hi - lo AS DOUBLE) > $coarse * abs(CAST(v AS DOUBLE))) FILTER (is_constant_run) AS is_coarse,
           count(*) FILTER (is_zero_run OR is_constant_run) AS reached
    FROM runs GROUP BY ALL
), of_years AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, activity, mode, basis, unit, adjustment, freq, period,
           count(*) FILTER (v <> 0) AS items, count(*) FILTER (v <> 0 AND v = before) AS same,
           count(*) FILTER (v <> before) AS moved, min(locator) AS locator
    FROM changes GROUP BY ALL
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, coalesce(last.period, '') AS period, 'value' AS measure,
       coalesce(last.locator, first_locator) AS locator,
       CASE WHEN periods < $zeros THEN 'not_judged' WHEN coalesce(is_zero, false) THEN 'fail'
            WHEN coalesce(is_constant, false) AND coalesce(is_coarse, false) THEN 'explained'
            WHEN coalesce(is_constant, false) THEN 'fail' ELSE 'pass' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_short' WHEN verdict = 'explained' THEN 'coarse' ELSE '' END AS reason,
       last.printed AS found,
       CASE WHEN is_zero THEN 'fewer than ' || $zeros || ' zeros on end'
            WHEN is_constant THEN 'fewer than ' || $constants || ' equal figures on end' END AS expected,
       coalesce(reached, 0) AS size
FROM of_series
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, '' AS item, period, 'value' AS measure, locator,
       CASE WHEN items < $copied_items THEN 'not_judged' WHEN moved = 0 THEN 'fail' ELSE 'pass' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'few_items' ELSE '' END AS reason,
       same || ' of ' || items || ' items as the year before' AS found, 'figures that move' AS expected, same AS size
FROM of_years
