-- Revealed symmetric comparative advantage, (RCA - 1) / (RCA + 1): rises with RCA, from -1 at no exports towards 1.
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, currency, dataset, vintage, ref_dataset, ref_vintage,
       (ratio - 1) / (ratio + 1) AS value, (ratio_lower - 1) / (ratio_lower + 1) AS lower,
       (ratio_upper - 1) / (ratio_upper + 1) AS upper, 0 AS unit_mult, statuses, coverage, method, contested, asked, note,
       inputs
FROM specialisations
WHERE reference LIKE 'RCA%'
