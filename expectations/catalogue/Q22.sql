-- One row for each total of services beside the product of the same place and year: is the ratio a plausible one?
WITH products AS (
    SELECT l.geo, l.period, l.unit, arg_max(l.dv, (d.latest, l.vintage, l.dataset)) AS product
    FROM all_levels l JOIN datasets d USING (dataset, vintage)
    WHERE item = $product AND l.v > 0 GROUP BY ALL
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN product IS NULL THEN 'not_judged' WHEN dv / product <= $most THEN 'pass'
            WHEN geo IN $hubs THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN product IS NULL THEN 'no_product' WHEN verdict = 'explained' THEN 'hub' ELSE '' END AS reason,
       CASE WHEN product > 0 THEN tell({says: 'of_product', share: printf('%.1f', 100 * dv / product)}) END AS found,
       printf('<= %.0f %%', 100 * $most) AS expected, dv / product AS size
FROM levels LEFT JOIN products USING (geo, period, unit)
WHERE item IN $services AND flow IN ('X', 'M') AND partner = 'W' AND freq = 'A' AND len(period) = 4 AND activity = '_T'
