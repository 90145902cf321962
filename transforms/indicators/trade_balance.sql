-- Exports less imports.
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       unit AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       x - m AS value,
       x_lo - m_hi AS lower,
       x_hi - m_lo AS upper,
       mult AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked, said AS note, inputs
FROM pairs
