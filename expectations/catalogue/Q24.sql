-- One row for each place, flow and period with an item of a definition: are all the others there, or said to stand
-- elsewhere? Where some are missing their sum is only a lower bound.
WITH parts AS (
    SELECT definition, item, count(*) OVER (PARTITION BY definition) AS wanted
    FROM definition_items WHERE role = 'component' AND mode = '_T' AND definition IN $definitions
), given AS (
    SELECT o.dataset, o.vintage, o.table_id, o.geo, o.partner, o.flow, p.definition, o.period, o.basis, o.unit, o.adjustment,
           min(wanted) AS wanted, min(o.locator) AS locator,
           list_sort(list(DISTINCT o.item) FILTER (value IS NOT NULL
               OR len(list_intersect(string_split(o.obs_status, ';'), $resolved)) > 0)) AS items
    FROM observations o SEMI JOIN judged USING (dataset, vintage) JOIN parts p ON p.item = o.item
    WHERE o.measure = 'value' AND o.flow <> 'N' AND o.activity = '_T' AND o.mode = '_T'
    GROUP BY ALL
), missing AS (
    SELECT g.*, (SELECT list_sort(list(p.item)) FROM parts p WHERE p.definition = g.definition
                 AND NOT list_contains(coalesce(g.items, []), p.item)) AS absent
    FROM given g
)
SELECT dataset, vintage, table_id, geo, partner, flow, 'DEF:' || definition AS item, period, 'value' AS measure, locator,
       CASE WHEN coalesce(len(absent), 0) = 0 THEN 'pass' ELSE 'fail' END AS verdict, '' AS reason,
       (wanted - coalesce(len(absent), 0)) || ' of ' || wanted || ' items' AS found,
       array_to_string(absent, ', ') || ' missing: the sum is a lower bound' AS expected,
       coalesce(len(absent), 0) / wanted AS size
FROM missing
