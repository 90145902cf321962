-- Exports over imports, X / M.
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN x / nullif(CAST(m AS DOUBLE), 0) END AS value,
       CASE WHEN refusal = '' THEN x_from / nullif(CAST(m_hi AS DOUBLE), 0) END AS lower,
       CASE WHEN refusal = '' THEN x_hi / nullif(CAST(m_from AS DOUBLE), 0) END AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked,
       CASE WHEN refusal = '' AND m = 0 THEN 'imports are zero' ELSE note END AS note, inputs
FROM pairs
