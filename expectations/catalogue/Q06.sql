-- One row a series: the periods that it has a figure for (or a blank that says there can be none), of those for which
-- anything is printed of the same table, place, partner and flow.
-- A key stands once (Q04), so that rows are periods: nothing is kept of the single ones, whatever their number.
WITH asked AS NOT MATERIALIZED (
    SELECT *, hash(dataset, vintage, table_id, geo, partner, flow, activity, mode, freq, basis, unit, adjustment) AS place,
           value IS NOT NULL OR qualifier <> '' AS is_given
    FROM observations SEMI JOIN judged USING (dataset, vintage)
    WHERE measure = 'value' AND flow <> 'N' AND period <> ''
), lines AS (
    -- narrow: what is no pass is named afterwards
    SELECT dataset, vintage, place, item, count(*) FILTER (is_given) AS given,
           count(*) FILTER (NOT is_given AND len(list_intersect(string_split(obs_status, ';'), $cannot_exist)) > 0)
               AS impossible
    FROM asked GROUP BY ALL
), required AS (
    SELECT place, count(*) AS cells, min(period) AS first, max(period) AS last
    FROM (SELECT DISTINCT place, period FROM asked WHERE is_given) GROUP BY place
), panels AS (
    SELECT place, sum(given) AS all_given, count(*) AS items FROM lines GROUP BY place
), rated AS (
    SELECT l.*, cells, first, last, cells - given - impossible AS missing, all_given / (items * cells) AS filled,
           filled >= $panel_from AND missing <= 0 AND impossible = 0 AS is_pass
    FROM lines l JOIN required USING (place) JOIN panels USING (place)
), named AS (
    SELECT place, table_id, geo, partner, flow, item, min(locator) AS locator
    FROM asked SEMI JOIN (FROM rated WHERE NOT is_pass) USING (place, item) GROUP BY ALL
)
SELECT dataset, vintage, 'pass' AS verdict FROM rated WHERE is_pass
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, 'value' AS measure, locator,
       CASE WHEN filled < $panel_from THEN 'not_judged' WHEN missing <= 0 THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN filled < $panel_from THEN 'no_panel' WHEN missing <= 0 THEN 'cannot_exist' ELSE '' END AS reason,
       CASE WHEN missing > 0 AND (cells - missing) / cells < $error_below AND item IN $required_items THEN 'error'
            ELSE '' END AS severity,
       CASE WHEN missing > 0 THEN tell({says: 'given', given: given}) END AS found,
       CASE WHEN missing > 0 THEN tell({says: 'asked', cells: cells, first: first, last: last}) END AS expected,
       missing / cells AS size
FROM rated JOIN named USING (place, item)
WHERE NOT is_pass
