-- Exports less imports, per cent of imports: the export-import coverage less one.
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN (x - m) / nullif(CAST(m AS DOUBLE), 0) * 100 END AS value,
       CASE WHEN refusal = '' THEN (x_from - m_hi) / nullif(CAST(m_hi AS DOUBLE), 0) * 100 END AS lower,
       CASE WHEN refusal = '' THEN (x_hi - m_from) / nullif(CAST(m_from AS DOUBLE), 0) * 100 END AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked,
       CASE WHEN refusal = '' AND m = 0 THEN 'imports are zero' ELSE note END AS note, inputs
FROM pairs
