-- What a rule has weighed (table weighed: place, item_no, period_no, verdict, reason, severity, size, and what its words need;
-- other: a second place that it is about; cases: how many a row stands for): of each kind the $kept worst are kept, with all
-- that are as bad as the last of them ($tied together at most), or everything where not $worst; the rest is counted (table rest).
CREATE OR REPLACE TEMP VIEW given AS
SELECT * REPLACE (coalesce(reason, '') AS reason, CASE WHEN verdict = 'fail' THEN coalesce(severity, '') ELSE '' END AS severity)
FROM ((SELECT 0 AS other, 0 AS item_no, 0 AS period_no, '' AS reason, '' AS severity, 1 AS cases LIMIT 0)
      UNION ALL BY NAME FROM weighed);
CREATE OR REPLACE TEMP TABLE kinds AS
SELECT dataset, vintage, verdict, reason, severity, CAST(sum(coalesce(cases, 1)) AS BIGINT) AS rows,
       list_last(min($least, $kept) FILTER (verdict <> 'pass')) AS cut
FROM given JOIN places USING (place) GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE kept_$rule AS
SELECT g.* EXCLUDE (cases), row_number() OVER () AS number
FROM given g JOIN (SELECT place, dataset, vintage FROM places) p USING (place)
JOIN kinds k USING (dataset, vintage, verdict, reason, severity)
WHERE verdict <> 'pass' AND (NOT $worst OR $least <= cut)
QUALIFY NOT $worst OR row_number() OVER (PARTITION BY dataset, vintage, verdict, reason, severity
                                         ORDER BY $least, place, item_no, period_no) <= $tied;
DROP VIEW given;
DROP TABLE weighed;
CREATE OR REPLACE TEMP TABLE rest AS
SELECT dataset, vintage, verdict, reason, severity, rows - coalesce(told, 0) AS rows
FROM kinds LEFT JOIN (SELECT dataset, vintage, verdict, reason, severity, count(*) AS told
                      FROM kept_$rule JOIN places USING (place) GROUP BY ALL)
USING (dataset, vintage, verdict, reason, severity)
WHERE kinds.rows > coalesce(told, 0) ORDER BY ALL;
INSERT INTO meant
WITH reached AS (
    SELECT place, item_no, period_no FROM kept_$rule
    UNION SELECT other, item_no, period_no FROM kept_$rule WHERE other IS NOT NULL
)
SELECT make_cell(place, item_no, period_no) FROM reached WHERE item_no IS NOT NULL AND period_no IS NOT NULL
UNION ALL
SELECT cell FROM figures f JOIN (FROM reached WHERE item_no IS NULL OR period_no IS NULL) k ON place_of(f.cell) = k.place
WHERE coalesce(item_of(cell) = k.item_no, true) AND coalesce(period_of(cell) = k.period_no, true);
