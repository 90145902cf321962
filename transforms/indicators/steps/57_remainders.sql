-- 3c. What is left to what is missing: its range, and the cells that leave it; and (less) to what is beside it in all
--     services, or beside what is listed of an aggregate. Of all but items the steps below take the ends.
CREATE OR REPLACE TEMP TABLE left_ranges AS
WITH systems AS (
    SELECT DISTINCT system, dataset, vintage, geo, partner, period, basis, price, unit, adjustment FROM system_nodes
), used AS (
    SELECT r.system, r.flow, r.item, r.less, flatten(list(n.inputs ORDER BY n.flow, n.item)) AS inputs, bool_or(n.contested) AS contested
    FROM (SELECT system, flow, item, less, unnest(used) AS node FROM remainders) r
    JOIN system_nodes n ON n.system = r.system AND concat(n.flow, ' ', n.item) = r.node
    GROUP BY ALL
)
SELECT s.* EXCLUDE (system), r.flow, r.item, r.less, r.least, r.most, u.inputs, coalesce(u.contested, false) AS contested
FROM remainders r JOIN systems s USING (system) LEFT JOIN used u USING (system, flow, item, less)
WHERE r.less <> '' OR r.least > 0 OR r.most IS NOT NULL;  -- that it is not negative says nothing of an item

CREATE OR REPLACE TEMP TABLE totals AS
SELECT t.* REPLACE (greatest(t.lo, l.least) AS lo, least(t.hi, l.most) AS hi, t.contested OR coalesce(l.contested, false) AS contested,
                    CASE WHEN l.inputs IS NULL THEN t.inputs ELSE list_sort(list_distinct(t.inputs || l.inputs)) END AS inputs),
       coalesce(l.most < t.hi, l.most IS NOT NULL) OR coalesce(l.least > t.lo, l.least > 0, false) AS is_left
FROM totals t
LEFT JOIN left_ranges l
  ON l.less = '' AND t.mode = '_T' AND t.measure = 'value' AND t.point IS NULL
 AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.period, l.basis, l.price, l.unit, l.adjustment)
   = (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.item, t.period, t.basis, t.price, t.unit, t.adjustment);
