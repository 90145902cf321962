-- Four traps of country codes, one row for each place where one may lie: a place that is empty or was set aside; Namibia
-- (NA) gone from a table of the world; a China that another source shows to be China with Hong Kong, Macao and Taiwan.
CREATE OR REPLACE TEMP TABLE tables AS
SELECT dataset, vintage, table_id, count(DISTINCT geo) FILTER (type = 'country') AS countries,
       coalesce(sum(rows) FILTER (geo IN $lost), 0) AS lost, coalesce(sum(rows) FILTER (geo = ''), 0) AS empty,
       empty > 0 OR (countries >= $many AND lost = 0) AS is_trapped
FROM (SELECT dataset, vintage, table_id, geo, count(*) AS rows FROM observations SEMI JOIN judged USING (dataset, vintage)
      GROUP BY ALL)
LEFT JOIN geographies ON code = geo GROUP BY ALL;

WITH trapped AS (
    SELECT dataset, vintage, table_id, any_value(countries) AS countries, any_value(empty) AS empty,
           coalesce(min(locator) FILTER (geo = ''), min(locator)) AS locator
    FROM observations JOIN (FROM tables WHERE is_trapped) USING (dataset, vintage, table_id) GROUP BY ALL
), aside AS (
    SELECT q.dataset, q.vintage, concat(q.file, '!R', q.row, 'C', q."column") AS locator, q.found FROM quarantine q SEMI JOIN judged USING (dataset, vintage)
    WHERE trim(q.found) IN $traps
), wide AS (
    SELECT b.dataset, b.vintage, partner, flow, item, period, unit, basis, mode, activity, adjustment,
           sum(lo) AS lo, sum(hi) AS hi, min(lo) FILTER (geo = $china) AS own_lo, max(hi) FILTER (geo = $china) AS own_hi
    FROM all_levels b
    WHERE geo = $china OR geo IN $apart
    GROUP BY ALL HAVING count(*) = 1 + len($apart) AND count(DISTINCT geo) = 1 + len($apart) AND count(lo) = count(*) AND count(hi) = count(*)
), chinas AS (
    SELECT a.*, w.dataset AS other, a.lo <= w.hi AND a.hi >= w.lo AS is_wide, a.lo <= w.own_hi AND a.hi >= w.own_lo AS is_own
    FROM levels a LEFT JOIN wide w USING (partner, flow, item, period, unit, basis, mode, activity, adjustment)
    WHERE a.geo = $china AND w.dataset <> a.dataset
)
SELECT dataset, vintage, table_id, '' AS geo, '' AS partner, '' AS flow, '' AS item, '' AS period, '' AS measure,
       locator, 'fail' AS verdict, '' AS reason,
       CASE WHEN empty > 0 THEN tell({says: 'nowhere', rows: empty})
            ELSE tell({says: 'without', countries: countries, lost: array_to_string($lost, ', ')}) END AS found,
       tell({says: 'read'}) AS expected, greatest(empty, 1) AS size
FROM trapped
UNION ALL BY NAME
SELECT dataset, vintage, 'pass' AS verdict FROM tables WHERE NOT is_trapped
UNION ALL BY NAME
SELECT dataset, vintage, '' AS table_id, locator, 'fail' AS verdict, '' AS reason, found AS found, tell({says: 'place'}) AS expected, 1 AS size
FROM aside
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN is_own OR NOT is_wide THEN 'pass' ELSE 'fail' END AS verdict, '' AS reason,
       tell({says: 'wide', figure: say(v, mult), apart: array_to_string($apart, ', '), other: other}) AS found,
       tell({says: 'own'}) AS expected, 1 AS size
FROM chinas
