-- One row for each total of services beside the product of the same place and year, and for each other item beside what it
-- is held against: is the ratio a plausible one?
WITH held AS (
    SELECT unnest($services) AS item, '' AS in_unit, $product AS against, '' AS counted_in, CAST($most AS DOUBLE) AS most
    UNION ALL SELECT o.item, o.unit, o.against, o.against_unit, CAST(o.most AS DOUBLE) FROM (SELECT unnest($others) AS o)
), products AS (
    SELECT l.geo, l.period, l.unit, l.item AS against, arg_max(l.dv, (d.latest, l.vintage, l.dataset)) AS product
    FROM all_levels l JOIN datasets d USING (dataset, vintage)
    WHERE item IN (SELECT against FROM held) AND l.v > 0 GROUP BY ALL
), beside AS (
    SELECT l.*, h.against, h.most, h.counted_in, p.product
    FROM levels l JOIN held h USING (item)
    LEFT JOIN products p ON p.against = h.against AND p.geo = l.geo AND p.period = l.period
     AND p.unit = CASE WHEN h.counted_in = '' THEN l.unit ELSE h.counted_in END
    WHERE flow IN ('X', 'M') AND partner = 'W' AND freq = 'A' AND len(l.period) = 4 AND activity = '_T'
      AND h.in_unit IN ('', l.unit)
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN product IS NULL THEN 'not_judged' WHEN dv / product <= most THEN 'pass'
            WHEN geo IN $hubs THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN product IS NULL THEN 'no_product' WHEN verdict = 'explained' THEN 'hub' ELSE '' END AS reason,
       CASE WHEN product IS NULL THEN NULL WHEN counted_in <> ''
            THEN tell({says: 'for_each', ratio: printf('%.6g', dv / product), unit: unit, against: against})
            ELSE tell({says: 'of_product', share: printf('%.1f', 100 * dv / product), against: against}) END AS found,
       CASE WHEN counted_in <> '' THEN printf('<= %.6g', most) ELSE printf('<= %g %%', 100 * most) END AS expected,
       dv / product AS size
FROM beside
