-- Exports less imports.
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       unit AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       x - m AS value,
       x_least - m_most AS lower,
       x_most - m_least AS upper,
       mult AS unit_mult, obs_status, 1.0 AS coverage, '' AS method, contested, '' AS note, inputs
FROM pairs
