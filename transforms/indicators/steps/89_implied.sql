-- 15. Rates printed on a comparable basis (可比口径) beside the level that they lead to and the level printed for the earlier
--     period: the level over the rate gives the base that the publisher compared with. The most finely printed rate counts.
--     Of trade alone: of output at comparable prices the difference would be the change of prices.
CREATE OR REPLACE TEMP TABLE comparable_rates AS
SELECT o.*, m.statuses, dataset || '/' || vintage || '/' || locator || '=' || printed AS input,
       CASE WHEN qualifier NOT IN ('over', 'at_least', 'under', 'at_most') THEN 1 + CAST(value AS DOUBLE) / 100 END AS factor,
       1 + CAST(CASE WHEN qualifier = '' AND lower IS NULL THEN value - cut_off(value) ELSE lower END AS DOUBLE) / 100
           AS least_factor,
       1 + CAST(CASE WHEN qualifier = '' AND upper IS NULL THEN value + cut_off(value) ELSE upper END AS DOUBLE) / 100
           AS most_factor
FROM observations o JOIN status_masks m USING (obs_status)
WHERE measure = 'growth' AND price = 'comparable' AND activity = '_T' AND mode = '_T' AND flow IN ('X', 'M', 'T')
  AND base_period <> ''
QUALIFY row_number() OVER (
    PARTITION BY dataset, vintage, geo, partner, flow, item, period, base_period, basis, adjustment
    ORDER BY value IS NULL, upper - lower NULLS LAST, table_id, locator) = 1;

CREATE OR REPLACE TEMP TABLE implied_bases AS
SELECT l.definition, l.geo, l.partner, l.flow, l.item, l.period, r.base_period, l.freq, l.basis, l.adjustment, l.unit,
       l.dataset, l.vintage, l.mult, l.point AS p1, not_below_zero(l.lo) AS lo1, l.hi AS hi1,
       r.factor, r.least_factor, r.most_factor, e.point AS p0, not_below_zero(e.lo) AS lo0, e.hi AS hi0,
       e.item IS NOT NULL AS has_earlier,
       CASE WHEN coalesce(l.point, l.hi) < 0 THEN 'the later level is negative'
            WHEN coalesce(r.factor, r.most_factor) <= 0 THEN 'the rate is not above -100 per cent' ELSE '' END AS refusal,
       CASE WHEN coalesce(e.point, e.hi) <= 0 THEN 'the earlier level is not above zero' ELSE '' END AS earlier_refusal,
       CAST(l.point IS NOT NULL AS INTEGER) + CAST(r.factor IS NOT NULL AS INTEGER) AS n,
       l.statuses | r.statuses AS statuses, CASE WHEN e.item IS NULL THEN 0 ELSE e.statuses END AS earlier_statuses,
       l.contested, coalesce(e.contested, false) AS earlier_contested, list_append(l.inputs, r.input) AS inputs,
       CASE WHEN e.item IS NULL THEN [] ELSE e.inputs END AS earlier_inputs
FROM comparable_rates r
JOIN measured l ON l.is_whole AND l.measure = 'value' AND l.price = 'current'
 AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.period, l.basis, l.adjustment)
   = (r.dataset, r.vintage, r.geo, r.partner, r.flow, r.item, r.period, r.basis, r.adjustment)
LEFT JOIN measured e ON e.is_whole AND e.measure = 'value' AND e.price = 'current'
 AND (e.dataset, e.vintage, e.geo, e.partner, e.flow, e.item, e.period, e.basis, e.adjustment, e.unit)
   = (r.dataset, r.vintage, r.geo, r.partner, r.flow, r.item, r.base_period, r.basis, r.adjustment, l.unit);

CREATE OR REPLACE TEMP TABLE implied_revisions AS
SELECT * REPLACE (
           CASE WHEN refusal <> '' THEN refusal ELSE earlier_refusal END AS refusal,
           n + CAST(p0 IS NOT NULL AS INTEGER) AS n, statuses | earlier_statuses AS statuses,
           contested OR earlier_contested AS contested, inputs || earlier_inputs AS inputs)
FROM implied_bases WHERE has_earlier;
