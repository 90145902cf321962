-- One row for each amount printed in dollars and in yuan: the rate that the two imply against the average of the period.
-- One row a table and period: is it the same rate in every line, as far as rounding lets one see?
WITH twins AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, activity, mode, period, freq, basis, adjustment,
           count(*) FILTER (unit = $base) AS n_base, count(*) FILTER (unit = $quote) AS n_quote,
           min(v) FILTER (unit = $base) AS base, min(lo) FILTER (unit = $base) AS base_lo, min(hi) FILTER (unit = $base) AS base_hi,
           min(v) FILTER (unit = $quote) AS quoted, min(lo) FILTER (unit = $quote) AS quote_lo,
           min(hi) FILTER (unit = $quote) AS quote_hi, min(locator) FILTER (unit = $quote) AS locator
    FROM levels WHERE unit IN ($base, $quote) AND flow <> 'N'
      AND hash(dataset, vintage) IN (SELECT hash(dataset, vintage) FROM levels WHERE unit = $quote AND flow <> 'N')
    GROUP BY ALL
    HAVING count(*) FILTER (unit = $base) > 0 AND count(*) FILTER (unit = $quote) > 0
), implied AS (
    SELECT *, CAST(quoted AS DOUBLE) / nullif(CAST(base AS DOUBLE), 0) AS rate,
           CASE WHEN base_lo > 0 AND quote_lo >= 0 THEN CAST(quote_lo AS DOUBLE) / CAST(base_hi AS DOUBLE) END AS rate_lo,
           CASE WHEN base_lo > 0 AND quote_lo >= 0 THEN CAST(quote_hi AS DOUBLE) / CAST(base_lo AS DOUBLE) END AS rate_hi
    FROM twins
), rates AS (
    SELECT period, arg_max(dv, (vintage, dataset)) / 1000 AS average  -- amounts are in thousandths
    FROM all_levels WHERE item = $series AND unit = $quote || '_PER_' || $base GROUP BY period
), per_period AS (
    SELECT dataset, vintage, table_id, geo, partner, period, activity, mode, freq, basis, adjustment,
           count(*) AS lines, max({rate: rate_lo, locator: locator, item: item, flow: flow}) AS most, min(rate_hi) AS least
    FROM implied WHERE rate_lo IS NOT NULL GROUP BY ALL HAVING count(*) > 1
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN n_base > 1 OR n_quote > 1 OR average IS NULL OR rate_lo IS NULL THEN 'not_judged'
            WHEN rate_lo <= average * (1 + $within) AND rate_hi >= average * (1 - $within) THEN 'pass' ELSE 'fail' END
           AS verdict,
       CASE WHEN n_base > 1 OR n_quote > 1 THEN 'printed_twice' WHEN average IS NULL THEN 'no_rate'
            WHEN rate_lo IS NULL THEN 'no_interval' ELSE '' END AS reason,
       printf('%.6g', rate) AS found, tell({says: 'range', low: printf('%.6g', average * (1 - $within)),
                                                   high: printf('%.6g', average * (1 + $within))}) AS expected,
       abs(rate / average - 1) AS size
FROM implied LEFT JOIN rates USING (period)
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, most.flow AS flow, most.item AS item, period, 'value' AS measure,
       most.locator AS locator, CASE WHEN most.rate <= least THEN 'pass' ELSE 'fail' END AS verdict, '' AS reason,
       'warning' AS severity, tell({says: 'at_least', rate: printf('%.6g', most.rate)}) AS found,
       tell({says: 'another_line', rate: printf('%.6g', least)}) AS expected, most.rate / least - 1 AS size
FROM per_period
