-- One row for each printed level of a flow. Below zero are only items that are so by their nature, or so recorded.
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN v >= 0 THEN 'pass'
            WHEN len(list_filter($may_be_negative, lambda allowed: starts_with(item, allowed))) > 0 THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'explained' THEN 'may_be_negative' ELSE '' END AS reason,
       CASE WHEN v < 0 THEN printed END AS found, CASE WHEN v < 0 THEN '>= 0' END AS expected,
       CASE WHEN v < 0 THEN abs(CAST(v AS DOUBLE)) ELSE 0 END AS size
FROM amounts
WHERE measure = 'value' AND flow <> 'N'
