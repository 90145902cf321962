-- How many items of equal size would be as concentrated: 1 / H.
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       1 / nullif(hhi, 0) AS value,
       1 / nullif(hhi_most, 0) AS lower,
       1 / nullif(hhi_least, 0) AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked, note, inputs
FROM mixes
WHERE reference = ''
