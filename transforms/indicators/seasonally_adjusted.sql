-- Seasonally adjusted levels of months and quarters, by a model (adjusted.py): no range. A series that is refused has one
-- row, at its last period, that says why.
SELECT definition, geo, '' AS reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment, unit,
       unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       value, CAST(NULL AS DOUBLE) AS lower, CAST(NULL AS DOUBLE) AS upper, mult AS unit_mult, statuses, coverage,
       method, contested, '' AS asked, note, inputs
FROM adjusted_series
