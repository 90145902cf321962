-- One row for each figure of a region beside its nation's, and one for the regions of one kind together.
WITH placed AS (
    SELECT l.*, g.nation, g.type, d.source_family
    FROM levels l JOIN geographies g ON g.code = l.geo JOIN datasets d USING (dataset, vintage)
    WHERE g.nation <> '' AND g.nation <> l.geo AND l.flow <> 'N'
), nations AS (
    SELECT l.*, d.source_family, d.latest FROM all_levels l JOIN datasets d USING (dataset, vintage)
    WHERE geo IN (SELECT nation FROM geographies)
), beside AS (
    SELECT p.*, n.geo AS whole, n.hi AS most, n.v AS whole_v,
           n.dataset = p.dataset OR (p.source_family <> '' AND n.source_family = p.source_family) AS is_comparable
    FROM placed p LEFT JOIN nations n
      ON n.geo = p.nation AND n.partner = p.partner AND n.flow = p.flow AND n.item = p.item AND n.period = p.period
     AND n.unit = p.unit AND n.basis = p.basis AND n.mode = p.mode AND n.activity = p.activity AND n.adjustment = p.adjustment
     AND CASE WHEN n.dataset = p.dataset THEN n.vintage = p.vintage ELSE n.latest END
    QUALIFY row_number() OVER (PARTITION BY p.dataset, p.vintage, p.locator ORDER BY is_comparable DESC NULLS LAST, n.dataset,
                               n.locator) = 1
), together AS (
    SELECT dataset, vintage, table_id, nation AS geo, type, partner, flow, item, activity, mode, period, basis, unit,
           adjustment, count(DISTINCT geo) AS regions, count(*) AS printed, sum(lo) AS total_lo, sum(v) AS total,
           min(most) AS most, min(whole_v) AS whole_v, min(locator) AS locator, min(mult) AS mult
    FROM beside WHERE is_comparable AND lo IS NOT NULL AND most IS NOT NULL GROUP BY ALL HAVING count(DISTINCT geo) > 1
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN whole IS NULL OR NOT is_comparable OR lo IS NULL OR most IS NULL THEN 'not_judged'
            WHEN lo <= most THEN 'pass' ELSE 'fail' END AS verdict,
       CASE WHEN whole IS NULL THEN 'no_nation' WHEN NOT is_comparable THEN 'other_source'
            WHEN verdict = 'not_judged' THEN 'no_interval' ELSE '' END AS reason,
       say(v, mult) AS found, '<= ' || say(whole_v, mult) || ' (' || whole || ')' AS expected,
       excess(v, whole_v) AS size
FROM beside
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN printed > regions THEN 'not_judged' WHEN total_lo <= most THEN 'pass' ELSE 'fail' END AS verdict,
       CASE WHEN printed > regions THEN 'printed_twice' ELSE '' END AS reason,
       tell({says: 'regions', total: say(total, mult), regions: regions}) AS found, '<= ' || say(whole_v, mult) AS expected,
       excess(total, whole_v) AS size
FROM together
