-- One row a series: the periods that it has a figure for (or a blank that says there can be none), of those for which
-- anything is printed of the same table, place, partner and flow.
WITH printed AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, activity, mode, freq, basis, unit, adjustment,
           coalesce(list_distinct(list(period) FILTER (value IS NOT NULL OR qualifier <> '')), []) AS periods,
           len(periods) AS given,
           count(*) FILTER (value IS NULL AND qualifier = ''
               AND len(list_intersect(string_split(obs_status, ';'), $cannot_exist)) > 0) AS impossible,
           min(locator) AS locator
    FROM observations SEMI JOIN judged USING (dataset, vintage)
    WHERE measure = 'value' AND flow <> 'N' AND period <> ''
    GROUP BY ALL
), required AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, freq, basis, unit, adjustment, activity, mode,
           list_sort(list_distinct(flatten(list(periods)))) AS wanted
    FROM printed GROUP BY ALL
), rated AS (
    SELECT p.*, wanted, len(wanted) AS cells, len(wanted) - given - impossible AS missing,
           sum(given) OVER one_table / (count(*) OVER one_table * len(wanted)) AS filled
    FROM printed p
    JOIN required r USING (dataset, vintage, table_id, geo, partner, flow, freq, basis, unit, adjustment, activity, mode)
    WINDOW one_table AS (PARTITION BY p.dataset, p.vintage, p.table_id, p.geo, p.partner, p.flow, p.freq, p.basis, p.unit,
                         p.adjustment, p.activity, p.mode)
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, 'value' AS measure, locator,
       CASE WHEN filled < $panel_from THEN 'not_judged'
            WHEN missing <= 0 AND impossible > 0 THEN 'explained' WHEN missing <= 0 THEN 'pass' ELSE 'fail' END AS verdict,
       CASE WHEN filled < $panel_from THEN 'no_panel'
            WHEN missing <= 0 AND impossible > 0 THEN 'cannot_exist' ELSE '' END AS reason,
       CASE WHEN missing > 0 AND (cells - missing) / cells < $error_below AND item IN $required_items THEN 'error'
            ELSE '' END AS severity,
       given || ' of ' || cells || ' periods' AS found,
       CASE WHEN missing > 0 THEN array_to_string(list_filter(wanted, lambda x: NOT list_contains(coalesce(periods, []), x))[1:8], ', ')
            ELSE '' END AS expected,
       missing / cells AS size
FROM rated
WHERE cells > 0
