-- Log-linear (least squares) average growth: (exp(b) - 1) * 100 with b the slope of ln y on the year. b is a weighted
-- sum of the ln y, weights (2 step - n) * 6 / (n (n + 1) (n + 2)), so its range has each y at the end of its interval
-- that the sign of its weight asks for. Logarithms are summed as decimals, which gives the same sum in any order.
WITH logarithms AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period,
           years, 2 * step - years AS weight,
           CASE WHEN point > 0 THEN CAST(ln(CAST(point AS DOUBLE)) AS DECIMAL(30, 18)) END AS middle,
           CASE WHEN lo > 0 THEN CAST(ln(CAST(lo AS DOUBLE)) AS DECIMAL(30, 18)) END AS low,
           CASE WHEN hi > 0 THEN CAST(ln(CAST(hi AS DOUBLE)) AS DECIMAL(30, 18)) END AS high
    FROM path_points
), slopes AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period,
           CAST(sum(weight * middle) AS DOUBLE) * 6 / (years * (years + 1e0) * (years + 2e0)) AS b,
           CAST(sum(weight * CASE WHEN weight < 0 THEN high ELSE low END) AS DOUBLE) * 6
               / (years * (years + 1e0) * (years + 2e0)) AS b_lo,
           CAST(sum(weight * CASE WHEN weight < 0 THEN low ELSE high END) AS DOUBLE) * 6
               / (years * (years + 1e0) * (years + 2e0)) AS b_hi
    FROM logarithms
    GROUP BY dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period, years
)
SELECT p.definition, p.geo, '' AS reference, p.partner, p.flow, p.item, p.last_period AS period,
       p.first_period AS base_period, 'A' AS freq, p.basis, p.adjustment, 'PERCENT' AS unit, p.currency, p.dataset,
       p.vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN p.refusal = '' THEN (exp(s.b) - 1) * 100 END AS value,
       CASE WHEN p.refusal = '' THEN (exp(s.b_lo) - 1) * 100 END AS lower,
       CASE WHEN p.refusal = '' THEN (exp(s.b_hi) - 1) * 100 END AS upper,
       0 AS unit_mult, p.statuses, p.coverage, 'log_linear' AS method, p.contested, p.asked,
       concat_ws('; ', nullif(p.refusal, ''), nullif(p.obstacle, '')) AS note, p.inputs
FROM paths p
JOIN slopes s USING (dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period)
