-- Mean of the annual growth rates of a span (never below the compound rate); its exact range: paths.py, which works in
-- logarithms, so that its ends may miss the value of unrounded levels by the last bit.
WITH ratios AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period,
           point / nullif(CAST(lag(point) OVER (
               PARTITION BY dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period
               ORDER BY step) AS DOUBLE), 0) AS ratio
    FROM path_points
), sums AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period,
           CAST(sum(CAST(ratio AS DECIMAL(38, 15))) AS DOUBLE) AS ratios
    FROM ratios
    GROUP BY dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period
)
SELECT p.definition, p.geo, '' AS reference, p.partner, p.flow, p.item, p.last_period AS period,
       p.first_period AS base_period, 'A' AS freq, p.basis, p.adjustment, 'PERCENT' AS unit, p.currency, p.dataset,
       p.vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN p.refusal = '' THEN (s.ratios / p.years - 1) * 100 END AS value,
       CASE WHEN p.refusal = '' THEN (least(p.least_ratios, s.ratios) / p.years - 1) * 100 END AS lower,
       CASE WHEN p.refusal = '' THEN (greatest(p.most_ratios, s.ratios) / p.years - 1) * 100 END AS upper,
       0 AS unit_mult, p.statuses, p.coverage, 'mean_of_annual_rates' AS method, p.contested, p.asked,
       concat_ws('; ', nullif(p.refusal, ''), nullif(p.obstacle, '')) AS note, p.inputs
FROM paths p
JOIN sums s USING (dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period)
