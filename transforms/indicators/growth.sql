-- Growth on the same period of the year before, per cent, in the currency of the levels.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'PERCENT' AS unit, currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       (p1 / nullif(CAST(p0 AS DOUBLE), 0) - 1) * 100 AS value,
       (lo1 / nullif(CAST(hi0 AS DOUBLE), 0) - 1) * 100 AS lower,
       (hi1 / nullif(CAST(lo0 AS DOUBLE), 0) - 1) * 100 AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, asked,
       note, inputs
FROM changes
WHERE is_year_on_year
