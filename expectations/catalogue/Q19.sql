-- One row for each flow between two places that both of them report: what the one sells and the other buys.
WITH told AS NOT MATERIALIZED (
    SELECT *, CASE WHEN flow = 'X' THEN geo ELSE partner END AS seller, CASE WHEN flow = 'X' THEN partner ELSE geo END AS buyer,
           hash(table_id, seller, buyer, item, activity, mode, period, basis, unit, adjustment) AS pair
    FROM levels
    WHERE flow IN ('X', 'M') AND partner <> 'W' AND geo <> 'W' AND geo <> partner
), pairs AS (
    -- narrow: what is no pass is named afterwards
    SELECT dataset, vintage, pair, max(dv) FILTER (flow = 'X') AS x, max(dv) FILTER (flow = 'M') AS m,
           coalesce(x + m > 0 AND abs(x - m) / ((x + m) / 2) <= $asymmetry, false) AS is_pass
    FROM told GROUP BY ALL
), mirrors AS (
    SELECT dataset, vintage, table_id, seller, buyer, item, activity, mode, period, basis, unit, adjustment,
           max(dv) FILTER (flow = 'X') AS x, max(dv) FILTER (flow = 'M') AS m,
           min(locator) AS locator, min(mult) AS mult
    FROM told SEMI JOIN (FROM pairs WHERE NOT is_pass) USING (dataset, vintage, pair) GROUP BY ALL
)
SELECT dataset, vintage, 'pass' AS verdict FROM pairs WHERE is_pass
UNION ALL BY NAME
SELECT dataset, vintage, table_id, seller AS geo, buyer AS partner, CASE WHEN x IS NULL THEN 'M' ELSE 'X' END AS flow, item,
       period, 'value' AS measure, locator,
       CASE WHEN x IS NULL OR m IS NULL OR x + m <= 0 THEN 'not_judged' ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'no_mirror' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'sides', a: printf('%.3f', (x - m) / ((x + m) / 2)), sold: say(x, mult),
                                             bought: say(m, mult)}) END AS found,
       CASE WHEN verdict = 'fail' THEN printf('|a| <= %g', $asymmetry) END AS expected,
       abs(x - m) / nullif((x + m) / 2, 0) AS size
FROM mirrors
