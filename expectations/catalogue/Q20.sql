-- One row for each period of a concept that two datasets print: has the ratio of the two moved off its median?
WITH latest AS (
    SELECT l.* FROM all_levels l JOIN datasets d ON d.dataset = l.dataset AND d.vintage = l.vintage AND d.latest
    WHERE flow <> 'N' AND dv > 0 AND activity = '_T' AND item IN (SELECT item FROM coded_items)
), ratios AS (
    SELECT a.dataset, a.vintage, a.table_id, a.geo, a.partner, a.flow, a.item, a.period, a.freq, a.locator, b.dataset AS other,
           b.table_id AS other_table, a.dv / b.dv AS ratio
    FROM levels a
    JOIN latest b ON b.geo = a.geo AND b.partner = a.partner AND b.flow = a.flow AND b.item = a.item AND b.mode = a.mode
     AND b.period = a.period AND b.unit = a.unit AND b.basis = a.basis AND b.adjustment = a.adjustment
     AND b.dataset <> a.dataset
    WHERE a.dv > 0 AND a.flow <> 'N' AND a.activity = '_T'
), medians AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, freq, other, other_table, count(*) AS n, median(ratio) AS usual
    FROM ratios GROUP BY ALL
)
SELECT r.dataset, r.vintage, r.table_id, r.geo, r.partner, r.flow, r.item, period, 'value' AS measure, locator,
       CASE WHEN n < $periods THEN 'not_judged' WHEN abs(ratio - usual) > $drift THEN 'fail' ELSE 'pass' END AS verdict,
       CASE WHEN n < $periods THEN 'too_few' ELSE '' END AS reason,
       tell({says: 'ratio', ratio: printf('%.4f', ratio), other: r.other}) AS found,
       tell({says: 'range', low: printf('%.4f', usual - $drift), high: printf('%.4f', usual + $drift)}) AS expected, abs(ratio - usual) AS size
FROM ratios r
JOIN medians m USING (dataset, vintage, table_id, geo, partner, flow, item, freq, other, other_table)
