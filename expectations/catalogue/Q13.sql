-- One row for each change on the year before. Where a table has enough places for one item and period, Hidiroglou and
-- Berthelot's effect sets each against the others; else a robust z sets it against the other changes of its series.
WITH rated AS (
    -- narrow: what each change is about is joined to it at the end
    SELECT series, line, period, locator, v / before AS rate, greatest(v, before) AS amount, hash(crowd, period) AS peers
    FROM moves JOIN series USING (series) WHERE v > 0 AND before > 0
), groups AS (
    SELECT peers, count(*) AS units, median(rate) AS r_m FROM rated GROUP BY peers HAVING count(*) >= $units
), effects AS (
    SELECT r.*, (CASE WHEN rate < r_m THEN 1 - r_m / rate ELSE rate / r_m - 1 END)
                * pow(amount, $u) AS effect
    FROM rated r JOIN groups USING (peers)
), quartiles AS (
    SELECT peers, quantile_cont(effect, [0.25, 0.5, 0.75]) AS q FROM effects GROUP BY peers
), limits AS (
    SELECT peers, q[2] AS m, greatest(q[2] - q[1], abs($a * q[2])) AS d1, greatest(q[3] - q[2], abs($a * q[2])) AS d3
    FROM quartiles
), by_peers AS (
    SELECT e.*, CASE WHEN d1 = 0 AND d3 = 0 THEN NULL
                     WHEN effect < m THEN (m - effect) / nullif(d1, 0) ELSE (effect - m) / nullif(d3, 0) END AS score,
           d1 = 0 AND d3 = 0 AS is_flat, effect = m AS is_median
    FROM effects e JOIN limits USING (peers)
), centres AS (
    SELECT line, count(*) AS n, median(ln(rate)) AS centre FROM rated ANTI JOIN groups USING (peers) GROUP BY line
), alone AS (
    SELECT r.*, n, centre, abs(ln(rate) - centre) AS off FROM rated r JOIN centres USING (line)
    WHERE peers NOT IN (SELECT peers FROM groups)
), spreads AS (
    SELECT line, median(off) AS mad FROM alone GROUP BY line
), by_series AS (
    SELECT a.*, 0.6745 * off / nullif(mad, 0) AS score, mad = 0 AS is_flat FROM alone a JOIN spreads USING (line)
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN is_flat THEN 'not_judged' WHEN coalesce(score, CASE WHEN is_median THEN 0 ELSE $c + 1 END) > $c THEN 'fail'
            ELSE 'pass' END AS verdict,
       CASE WHEN is_flat THEN 'no_spread' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'times', rate: printf('%.4g', rate)}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'effect', score: coalesce(printf('%.3g', score), '∞'),
                                             most: printf('%g', $c)}) END AS expected,
       score AS size
FROM by_peers JOIN series USING (series)
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN n < $changes OR is_flat THEN 'not_judged' WHEN score > $z THEN 'fail' ELSE 'pass' END AS verdict,
       CASE WHEN n < $changes THEN 'too_few' WHEN is_flat THEN 'no_spread' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'times', rate: printf('%.4g', rate)}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'z', score: printf('%.3g', score), most: printf('%g', $z)}) END AS expected,
       score AS size, 'z' AS size_unit
FROM by_series JOIN series USING (series)
