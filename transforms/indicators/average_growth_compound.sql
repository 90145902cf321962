-- Compound average annual growth, ((y_T / y_0)^(1/n) - 1) * 100 with n intervals.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'PERCENT' AS unit, currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       (pow(p1 / nullif(CAST(p0 AS DOUBLE), 0), 1e0 / years) - 1) * 100 AS value,
       (pow(lo1 / nullif(CAST(hi0 AS DOUBLE), 0), 1e0 / years) - 1) * 100 AS lower,
       (pow(hi1 / nullif(CAST(lo0 AS DOUBLE), 0), 1e0 / years) - 1) * 100 AS upper,
       0 AS unit_mult, statuses, coverage, 'compound' AS method, contested, asked,
       note, inputs
FROM changes
WHERE is_window AND freq = 'A' AND years >= 2
