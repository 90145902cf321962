-- One row for each amount delivered digitally and each definition of what can be: what is delivered is deliverable.
WITH latest AS (
    SELECT l.*, d.source_family FROM all_levels l JOIN datasets d USING (dataset, vintage) WHERE d.latest
), delivered AS (
    SELECT l.*, d.source_family FROM levels l JOIN datasets d USING (dataset, vintage) WHERE item IN $delivered AND flow <> 'N'
), found AS (
    SELECT a.*, b.item AS wider, b.hi AS most, b.v AS limit_v,
           b.dataset = a.dataset OR (a.source_family <> '' AND a.source_family = b.source_family) AS is_comparable
    FROM delivered a LEFT JOIN latest b
      ON b.item IN $deliverable AND b.geo = a.geo AND b.partner = a.partner AND b.flow = a.flow AND b.period = a.period
     AND b.unit = a.unit AND b.basis = a.basis
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN wider IS NULL OR NOT is_comparable OR lo IS NULL OR most IS NULL THEN 'not_judged'
            WHEN lo <= most THEN 'pass' ELSE 'fail' END AS verdict,
       CASE WHEN wider IS NULL THEN 'nothing_to_compare' WHEN NOT is_comparable THEN 'other_source'
            WHEN verdict = 'not_judged' THEN 'no_interval' ELSE '' END AS reason,
       say(v, mult) AS found, '<= ' || say(limit_v, mult) || ' (' || wider || ')' AS expected,
       excess(v, limit_v) AS size
FROM found
