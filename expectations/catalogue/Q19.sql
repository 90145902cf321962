-- One row for each flow between two places that both of them report: what the one sells and the other buys.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH sides AS (
    SELECT place, flow = 'X' AS sells, CASE WHEN flow = 'X' THEN geo ELSE partner END AS seller,
           CASE WHEN flow = 'X' THEN partner ELSE geo END AS buyer,
           -- the two who tell of it are one pair
           min(place) OVER one AS pair, max(place) OVER one AS other
    FROM places
    WHERE flow IN ('X', 'M') AND partner <> 'W' AND geo <> 'W' AND geo <> partner
    WINDOW one AS (PARTITION BY dataset, vintage, table_id, seller, buyer, activity, mode, freq, basis, unit, adjustment)
), pairs AS (
    SELECT make_cell(pair, item_of(cell), period_of(cell)) AS cell, CAST(max(v) FILTER (sells) AS DOUBLE) AS x,
           CAST(max(v) FILTER (NOT sells) AS DOUBLE) AS m, min(mult) AS mult
    FROM figures JOIN sides ON place = place_of(cell) WHERE is_level GROUP BY ALL
), held AS MATERIALIZED (
    -- those that agree are one row a pair, of no item
    SELECT CASE WHEN is_pass THEN make_cell(place_of(cell), 0, 0) ELSE cell END AS cell, any_value(x) AS x, any_value(m) AS m,
           any_value(mult) AS mult, count(*) AS cases
    FROM (SELECT *, coalesce(x + m > 0 AND abs(x - m) / ((x + m) / 2) <= $asymmetry, false) AS is_pass FROM pairs)
    GROUP BY ALL
)
SELECT place, other, item_of(cell) AS item_no, period_of(cell) AS period_no, x, m, mult, seller, buyer,
       CASE WHEN x IS NULL OR m IS NULL OR x + m <= 0 THEN 'not_judged' ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'no_mirror' ELSE '' END AS reason,
       abs(x - m) / nullif((x + m) / 2, 0) AS size
FROM held JOIN sides ON place = place_of(cell) WHERE item_of(cell) > 0
UNION ALL BY NAME
SELECT place_of(cell) AS place, 'pass' AS verdict, cases FROM held WHERE item_of(cell) = 0;

SELECT dataset, vintage, table_id, seller AS geo, buyer AS partner, CASE WHEN x IS NULL THEN 'M' ELSE 'X' END AS flow, item,
       period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'sides', a: printf('%.3f', (x - m) / ((x + m) / 2)), sold: say(x, mult),
                                             bought: say(m, mult)}) END AS found,
       CASE WHEN verdict = 'fail' THEN printf('|a| <= %g', $asymmetry) END AS expected,
       size
FROM told
