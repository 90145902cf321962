-- One row for each printed level of a flow. Below zero are only items that are so by their nature, or so recorded.
-- A pass needs no words: its row says the edition alone.
SELECT dataset, vintage, 'pass' AS verdict FROM amounts WHERE measure = 'value' AND flow <> 'N' AND dv >= 0
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN len(list_filter($may_be_negative, lambda allowed: starts_with(item, allowed))) > 0 THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'explained' THEN 'may_be_negative' ELSE '' END AS reason,
       printed AS found, '>= 0' AS expected, abs(dv) / 1000 AS size, unit AS size_unit
FROM amounts
WHERE measure = 'value' AND flow <> 'N' AND dv < 0
