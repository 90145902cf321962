-- One row for each place, flow and period with an item of a definition: are all the others there, or said to stand
-- elsewhere? Where some are missing their sum is only a lower bound.
WITH parts AS (
    SELECT definition, item, count(*) OVER one AS wanted, list(item) OVER one AS all_items,
           -- one bit for each item of a definition: which are there is told without a list of them
           CAST(1 AS HUGEINT) << CAST(row_number() OVER (PARTITION BY definition ORDER BY item) - 1 AS INTEGER) AS bit
    FROM definition_items WHERE role = 'component' AND mode = '_T' AND definition IN $definitions
    WINDOW one AS (PARTITION BY definition ORDER BY item ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), given AS (
    SELECT o.dataset, o.vintage, o.table_id, o.geo, o.partner, o.flow, p.definition, o.period, o.basis, o.unit, o.adjustment,
           min(o.locator) AS locator,
           -- none of them is no bit
           bit_or(CASE WHEN value IS NOT NULL OR len(list_intersect(string_split(o.obs_status, ';'), $resolved)) > 0
                       THEN bit ELSE 0 END) AS bits
    FROM observations o SEMI JOIN judged USING (dataset, vintage) JOIN parts p ON p.item = o.item
    WHERE o.measure = 'value' AND o.flow <> 'N' AND o.activity = '_T' AND o.mode = '_T'
    GROUP BY ALL
), counted AS (
    SELECT g.*, wanted, wanted - bit_count(bits) AS missing,
           CASE WHEN bit_count(bits) < wanted
                THEN list_filter(all_items, lambda item, place: (bits >> CAST(place - 1 AS INTEGER)) & 1 = 0) END AS absent
    FROM given g JOIN (SELECT DISTINCT definition, wanted, all_items FROM parts) USING (definition)
)
SELECT dataset, vintage, table_id, geo, partner, flow, 'DEF:' || definition AS item, period, 'value' AS measure, locator,
       CASE WHEN missing = 0 THEN 'pass' ELSE 'fail' END AS verdict, '' AS reason,
       tell({says: 'given', given: wanted - missing, wanted: wanted}) AS found,
       tell({says: 'missing', items: array_to_string(absent, ', ')}) AS expected,
       missing / wanted AS size
FROM counted
