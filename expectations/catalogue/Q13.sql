-- One row for each change on the year before. Where a table has enough places for one item and period, Hidiroglou and
-- Berthelot's effect sets each against the others; else a robust z sets it against the other changes of its series.
CREATE OR REPLACE TEMP TABLE peer_groups AS
SELECT *, CAST(row_number() OVER () AS INTEGER) AS number
FROM (SELECT make_cell(crowd, item_of(cell), period_of(cell)) AS peers, count(*) AS units, median(rate) AS r_m,
             any_value(place) AS place
      FROM rated JOIN (SELECT place, crowd FROM places) ON place = place_of(cell) GROUP BY ALL);

-- change: the row of rated.
CREATE OR REPLACE TEMP TABLE effects AS
SELECT CAST(change AS UINTEGER) AS change, number,
       (CASE WHEN rate < r_m THEN 1 - r_m / rate ELSE rate / r_m - 1 END) * pow(amount, $u) AS effect
FROM (SELECT rowid AS change, * FROM rated) JOIN (SELECT place, crowd FROM places) ON place = place_of(cell)
JOIN (SELECT peers, r_m, number FROM peer_groups WHERE units >= $units)
  ON peers = make_cell(crowd, item_of(cell), period_of(cell));

CREATE OR REPLACE TEMP TABLE weighed AS
WITH quartiles AS (
    SELECT number, quantile_cont(effect, [0.25, 0.5, 0.75]) AS q FROM effects GROUP BY number
), limits AS (
    SELECT number, q[2] AS m, greatest(q[2] - q[1], abs($a * q[2])) AS d1, greatest(q[3] - q[2], abs($a * q[2])) AS d3
    FROM quartiles
), by_peers AS (
    SELECT e.*, CASE WHEN d1 = 0 AND d3 = 0 THEN NULL
                     WHEN effect < m THEN (m - effect) / nullif(d1, 0) ELSE (effect - m) / nullif(d3, 0) END AS score,
           d1 = 0 AND d3 = 0 AS is_flat, effect = m AS is_median
    FROM effects e JOIN limits USING (number)
), told_by_peers AS MATERIALIZED (
    SELECT change, number, score, is_flat
    FROM by_peers WHERE is_flat OR coalesce(score, CASE WHEN is_median THEN 0 ELSE $c + 1 END) > $c
), few AS MATERIALIZED (
    SELECT cell, line_of(cell) AS line, rate, ln(rate) AS g
    FROM rated JOIN (SELECT place, crowd FROM places) ON place = place_of(cell)
    JOIN (SELECT peers FROM peer_groups WHERE units < $units) ON peers = make_cell(crowd, item_of(cell), period_of(cell))
), centres AS (
    SELECT line, count(*) AS n, median(g) AS centre FROM few GROUP BY line
), alone AS (
    SELECT f.*, n, centre, abs(g - centre) AS off FROM few f JOIN centres USING (line)
), spreads AS (
    SELECT line, median(off) AS mad FROM alone GROUP BY line
), by_series AS (
    SELECT a.*, 0.6745 * off / nullif(mad, 0) AS score, mad = 0 AS is_flat FROM alone a JOIN spreads USING (line)
), told_by_series AS (
    SELECT cell, rate, score,
           CASE WHEN n < $changes OR is_flat THEN 'not_judged' WHEN score > $z THEN 'fail' ELSE 'pass' END AS verdict,
           CASE WHEN n < $changes THEN 'too_few' WHEN is_flat THEN 'no_spread' ELSE '' END AS reason
    FROM by_series
), told_apart AS (
    SELECT cell, rate, score, CASE WHEN is_flat THEN 'not_judged' ELSE 'fail' END AS verdict,
           CASE WHEN is_flat THEN 'no_spread' ELSE '' END AS reason, true AS has_peers
    FROM told_by_peers t JOIN rated r ON r.rowid = t.change
    UNION ALL SELECT cell, rate, score, verdict, reason, false AS has_peers FROM told_by_series WHERE verdict <> 'pass'
)
SELECT place_of(cell) AS place, item_of(cell) AS item_no, period_of(cell) AS period_no, verdict, reason, score AS size,
       rate, score, has_peers
FROM told_apart
UNION ALL BY NAME
SELECT any_value(place) AS place, 'pass' AS verdict, sum(units - told) AS cases
FROM (SELECT place, units, (SELECT count(*) FROM told_by_peers t WHERE t.number = g.number) AS told
      FROM peer_groups g WHERE units >= $units)
JOIN (SELECT place, dataset, vintage FROM places) USING (place) GROUP BY dataset, vintage HAVING sum(units - told) > 0
UNION ALL BY NAME
SELECT place_of(cell) AS place, 'pass' AS verdict, count(*) AS cases FROM told_by_series WHERE verdict = 'pass' GROUP BY ALL;

DROP TABLE effects;

SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'times', rate: printf('%.4g', rate)}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'effect', score: coalesce(printf('%.3g', score), '∞'),
                                             most: printf('%g', $c)}) END AS expected,
       size
FROM told WHERE has_peers
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'times', rate: printf('%.4g', rate)}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'z', score: printf('%.3g', score), most: printf('%g', $z)}) END AS expected,
       size, 'z' AS size_unit
FROM told WHERE NOT has_peers
