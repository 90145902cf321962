-- Trade competitiveness (normalised trade balance), (X - M) / (X + M), -1 to 1.
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       (x - m) / nullif(CAST(x + m AS DOUBLE), 0) AS value,
       (x_least - m_most) / nullif(CAST(x_least + m_most AS DOUBLE), 0) AS lower,
       (x_most - m_least) / nullif(CAST(x_most + m_least AS DOUBLE), 0) AS upper,
       0 AS unit_mult, obs_status, 1.0 AS coverage, '' AS method, contested, '' AS note, inputs
FROM pairs
WHERE x_lo >= 0 AND m_lo >= 0
