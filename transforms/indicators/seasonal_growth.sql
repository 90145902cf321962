-- Growth of the seasonally adjusted series on the month or quarter before, per cent: of a series that the publisher adjusts
-- with its range, of one adjusted here (a model) without.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'PERCENT' AS unit, currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN (p1 / nullif(p0, 0) - 1) * 100 END AS value,
       CASE WHEN refusal = '' THEN (lo1 / nullif(hi0, 0) - 1) * 100 END AS lower,
       CASE WHEN refusal = '' THEN (hi1 / nullif(lo0, 0) - 1) * 100 END AS upper,
       0 AS unit_mult, statuses, coverage, method, contested, asked,
       concat_ws('; ', nullif(refusal, ''), nullif(note, '')) AS note, inputs
FROM adjusted_changes
