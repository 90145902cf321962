-- Slope of the least-squares line through the logarithms of a span's levels, b * 100: the continuous rate, ln(1 + rate).
SELECT p.definition, p.geo, '' AS reference, p.partner, p.flow, p.item, p.last_period AS period,
       p.first_period AS base_period, 'A' AS freq, p.basis, p.adjustment, 'PERCENT' AS unit, p.currency, p.dataset,
       p.vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN p.refusal = '' THEN s.b * 100 END AS value,
       CASE WHEN p.refusal = '' THEN s.b_lo * 100 END AS lower,
       CASE WHEN p.refusal = '' THEN s.b_hi * 100 END AS upper,
       0 AS unit_mult, p.statuses, p.coverage, 'slope' AS method, p.contested, p.asked,
       concat_ws('; ', nullif(p.refusal, ''), nullif(p.obstacle, '')) AS note, p.inputs
FROM paths p
JOIN slopes s USING (dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period, last_period)
