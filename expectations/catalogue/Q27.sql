-- One row for each place an edition reports of: groups beside economies would be counted twice, unless the list says
-- that they are groups.
CREATE OR REPLACE TEMP TABLE reporters AS
SELECT dataset, vintage, geo, type, rows,
       CASE WHEN type = 'local' THEN 'not_judged' WHEN type IN $groups THEN 'explained'
            WHEN coalesce(type, '') = '' THEN 'fail' ELSE 'pass' END AS verdict
FROM (SELECT dataset, vintage, geo, count(*) AS rows FROM observations SEMI JOIN judged USING (dataset, vintage)
      WHERE geo <> '' GROUP BY ALL)
LEFT JOIN (SELECT code AS geo, any_value(type) AS type FROM geographies GROUP BY code) USING (geo);

SELECT dataset, vintage, 'pass' AS verdict FROM reporters WHERE verdict = 'pass'
UNION ALL BY NAME
SELECT dataset, vintage, '' AS table_id, geo, '' AS partner, '' AS flow, '' AS item, '' AS period, '' AS measure,
       min(locator) AS locator, verdict,
       CASE WHEN verdict = 'not_judged' THEN 'own_scheme' WHEN verdict = 'explained' THEN 'typed' ELSE '' END AS reason,
       geo AS found, tell({says: 'type'}) AS expected, rows AS size
FROM observations JOIN (SELECT dataset, vintage, geo, rows, verdict FROM reporters WHERE verdict <> 'pass')
USING (dataset, vintage, geo) GROUP BY ALL
