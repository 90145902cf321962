-- Log-linear (least squares) average growth: (exp(b) - 1) * 100 with b the slope of ln y on the year.
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
