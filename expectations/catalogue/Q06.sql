-- One row a series: the periods that it has a figure for (or a blank that says there can be none), of those for which
-- anything is printed of the same table, place, partner and flow.
-- A key stands once (Q04), so that rows are periods: nothing is kept of the single ones, whatever their number.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH blanks AS (
    SELECT status_no FROM coded_statuses WHERE len(list_intersect(string_split(obs_status, ';'), $cannot_exist)) > 0
), lines AS (
    SELECT series_of(cell) AS series, count(*) FILTER (is_given) AS given,
           count(*) FILTER (NOT is_given AND status_no IN (FROM blanks)) AS impossible
    FROM figures WHERE period_of(cell) <> 65535 GROUP BY ALL
), required AS (
    SELECT spot >> 16 AS place, count(*) AS cells
    FROM (SELECT DISTINCT spot_of(cell) AS spot FROM figures WHERE is_given AND period_of(cell) <> 65535) GROUP BY ALL
), panels AS (
    SELECT series >> 16 AS place, sum(given) AS all_given, count(*) AS items FROM lines GROUP BY ALL
), rated AS MATERIALIZED (
    SELECT l.*, place, cells, cells - given - impossible AS missing, all_given / (items * cells) AS filled,
           filled >= $panel_from AND missing <= 0 AND impossible = 0 AS is_pass
    FROM lines l JOIN required ON place = series >> 16 JOIN panels USING (place)
)
SELECT place, series & 65535 AS item_no, given, cells, missing, missing / cells AS size,
       CASE WHEN filled < $panel_from THEN 'not_judged' WHEN missing <= 0 THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN filled < $panel_from THEN 'no_panel' WHEN missing <= 0 THEN 'cannot_exist' ELSE '' END AS reason,
       CASE WHEN missing > 0 AND (cells - missing) / cells < $error_below AND item IN $required_items THEN 'error'
            ELSE '' END AS severity
FROM rated JOIN coded_items ON item_no = series & 65535 WHERE NOT is_pass
UNION ALL BY NAME
SELECT place, 'pass' AS verdict, count(*) AS cases FROM rated WHERE is_pass GROUP BY ALL;

WITH spans AS (
    SELECT place, min(period) AS first, max(period) AS last
    FROM (SELECT DISTINCT place_of(cell) AS place, period_of(cell) AS period_no
          FROM figures WHERE is_given AND place_of(cell) IN (SELECT place FROM told))
    JOIN coded_periods USING (period_no) WHERE period <> '' GROUP BY place
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, 'value' AS measure, any_locator AS locator, verdict, reason,
       severity,
       CASE WHEN missing > 0 THEN tell({says: 'given', given: given}) END AS found,
       CASE WHEN missing > 0 THEN tell({says: 'asked', cells: cells, first: first, last: last}) END AS expected,
       size
FROM told JOIN spans USING (place)
