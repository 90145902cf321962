-- One row for each printed level of a flow. Below zero are only items that are so by their nature, or so recorded.
CREATE OR REPLACE TEMP TABLE weighed AS
SELECT place_of(cell) AS place, item_no, period_of(cell) AS period_no,
       CASE WHEN len(list_filter($may_be_negative, lambda allowed: starts_with(item, allowed))) > 0 THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'explained' THEN 'may_be_negative' ELSE '' END AS reason, abs(in_units(v)) AS size
FROM (FROM figures WHERE v < 0) JOIN coded_items ON item_no = item_of(cell)
UNION ALL BY NAME
SELECT place_of(cell) AS place, 'pass' AS verdict, count(*) AS cases FROM figures WHERE v >= 0 GROUP BY ALL;

WITH below AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, activity, mode, period, freq, basis, unit, adjustment, measure,
           locator, printed
    FROM observations SEMI JOIN judged USING (dataset, vintage)
    WHERE measure = 'value' AND value < 0 AND unit_mult BETWEEN -3 AND 15 AND price IN ('', 'current')
)
SELECT DISTINCT dataset, vintage, table_id, geo, partner, flow, item, period, measure, below.locator AS locator, verdict, reason,
       printed AS found, '>= 0' AS expected,
       size, unit AS size_unit
FROM told JOIN below
USING (dataset, vintage, table_id, geo, partner, flow, item, activity, mode, period, freq, basis, unit, adjustment)
