-- By how many times the earlier level has grown: the multiple less one (增长N倍).
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'TIMES' AS unit, currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       p1 / nullif(CAST(p0 AS DOUBLE), 0) - 1 AS value,
       lo1 / nullif(CAST(hi0 AS DOUBLE), 0) - 1 AS lower,
       hi1 / nullif(CAST(lo0 AS DOUBLE), 0) - 1 AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, asked,
       note, inputs
FROM changes
WHERE is_window
