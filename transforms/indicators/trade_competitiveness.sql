-- Trade competitiveness (normalised trade balance), (X - M) / (X + M), -1 to 1.
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN (x - m) / nullif(CAST(x + m AS DOUBLE), 0) END AS value,
       CASE WHEN refusal = '' THEN (x_from - m_hi) / nullif(CAST(x_from + m_hi AS DOUBLE), 0) END AS lower,
       CASE WHEN refusal = '' THEN (x_hi - m_from) / nullif(CAST(x_hi + m_from AS DOUBLE), 0) END AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked, note, inputs
FROM pairs
