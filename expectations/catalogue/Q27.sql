-- One row for each place an edition reports of: groups beside economies would be counted twice, unless the list says
-- that they are groups.
SELECT o.dataset, o.vintage, '' AS table_id, o.geo, '' AS partner, '' AS flow, '' AS item, '' AS period, '' AS measure,
       min(o.locator) AS locator,
       CASE WHEN any_value(g.type) = 'local' THEN 'not_judged' WHEN any_value(g.type) IN $groups THEN 'explained'
            WHEN coalesce(any_value(g.type), '') = '' THEN 'fail' ELSE 'pass' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'own_scheme' WHEN verdict = 'explained' THEN 'typed' ELSE '' END AS reason,
       o.geo AS found, tell({says: 'type'}) AS expected, count(*) AS size
FROM observations o SEMI JOIN judged USING (dataset, vintage) LEFT JOIN geographies g ON g.code = o.geo
WHERE o.geo <> ''
GROUP BY o.dataset, o.vintage, o.geo
