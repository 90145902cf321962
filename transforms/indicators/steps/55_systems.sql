-- 3b. Places and periods where printed figures leave a range to others: an item of the standard tree has a row and no figure,
--     a figure stands below one that has none, or both flows together are printed and exports or imports are not. What is
--     left is worked out by remainders.py. Elsewhere aggregates that are not whole have the ranges of
--     steps/60_definitions.sql, which are the same there.
CREATE OR REPLACE TEMP TABLE system_nodes AS
WITH nodes AS (
    SELECT t.*, dense_rank() OVER (ORDER BY dataset, vintage, geo, partner, period, basis, price, unit, adjustment) AS system,
           i.parent, i.code IS NOT NULL AS is_item,
           t.point IS NULL AS is_missing, t.point IS NULL AND (t.statuses & getvariable('law').empty) <> 0 AS is_empty,
           t.point IS NULL AND (t.statuses & getvariable('law').elsewhere) <> 0 AS is_elsewhere,
           t.point IS NOT NULL AND (t.statuses & status_bit('W')) <> 0 AS holds_others
    FROM totals t LEFT JOIN items i ON i.code = t.item AND i.tree = 'standard'
    WHERE t.mode = '_T' AND t.measure = 'value' AND t.flow IN ('X', 'M', 'T')
      AND (i.code IS NOT NULL OR starts_with(t.item, 'DEF:'))
      AND NOT (t.flow = 'T' AND t.method = 'sum')
), asked AS (
    SELECT DISTINCT n.system
    FROM nodes n
    LEFT JOIN nodes p ON (p.system, p.flow, p.item) = (n.system, n.flow, n.parent)
    WHERE n.is_item AND CASE WHEN n.is_missing THEN NOT n.is_empty
                             ELSE n.parent NOT IN ('', 'EBOPS2010:S') AND p.point IS NULL END
    UNION
    SELECT system FROM nodes WHERE is_item AND item <> 'EBOPS2010:S' AND NOT is_missing
    GROUP BY system, item
    HAVING bool_or(flow = 'T') AND count(*) < 3
)
SELECT n.*, n.is_empty OR n.is_elsewhere AS is_nothing
FROM nodes n JOIN asked USING (system);
