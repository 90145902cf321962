-- Published annual growth rates chained over a span, as a multiple of the first level: the product of (1 + g / 100).
WITH rates AS (
    SELECT o.*, dataset || '/' || vintage || '/' || locator || '=' || printed AS input
    FROM observations o
    WHERE measure = 'growth' AND freq = 'A' AND price IN ('', 'current') AND activity = '_T' AND mode = '_T'
      AND base_period = year_before(period) AND NOT contains(period, '/') AND value IS NOT NULL AND qualifier = ''
    QUALIFY row_number() OVER (
        PARTITION BY dataset, vintage, geo, partner, flow, item, period, basis, adjustment
        ORDER BY upper - lower NULLS FIRST, table_id, locator) = 1
), factors AS (
    -- no rate is below -100 per cent, so no factor below zero
    SELECT *, 1 + CAST(value AS DOUBLE) / 100 AS factor,
           greatest(1 + CAST(coalesce(lower, value) AS DOUBLE) / 100, 0) AS least_factor,
           1 + CAST(coalesce(upper, value) AS DOUBLE) / 100 AS most_factor
    FROM rates WHERE value >= -100
)
SELECT max(CASE WHEN starts_with(s.item, 'DEF:') THEN substr(s.item, 5) ELSE '' END) AS definition,
       s.geo, '' AS reference, s.partner, s.flow, s.item, s.last_period AS period, s.first_period AS base_period,
       'A' AS freq, s.basis, s.adjustment, 'TIMES' AS unit, s.unit AS currency, s.dataset, s.vintage,
       '' AS ref_dataset, '' AS ref_vintage,
       list_aggregate(list(r.factor ORDER BY r.period), 'product') AS value,
       list_aggregate(list(r.least_factor ORDER BY r.period), 'product') AS lower,
       list_aggregate(list(r.most_factor ORDER BY r.period), 'product') AS upper,
       0 AS unit_mult, arg_min(r.obs_status, precedence(r.obs_status)) AS obs_status, 1.0 AS coverage,
       'published_rates' AS method, false AS contested, '' AS note, list(r.input ORDER BY r.period) AS inputs
FROM spans s
JOIN factors r ON (r.dataset, r.vintage, r.geo, r.partner, r.flow, r.item, r.basis, r.adjustment)
              = (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.basis, s.adjustment)
 AND year_of(r.period) > year_of(s.first_period) AND year_of(r.period) <= year_of(s.last_period)
WHERE s.measure = 'value' AND s.years >= 2
GROUP BY ALL
HAVING count(*) = s.years
