-- Herfindahl-Hirschman index brought to 0 (all items equal) to 1 (one item is all).
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       (hhi - 1 / CAST(n_members AS DOUBLE)) / nullif(1 - 1 / CAST(n_members AS DOUBLE), 0) AS value,
       (hhi_least - 1 / CAST(n_members AS DOUBLE)) / nullif(1 - 1 / CAST(n_members AS DOUBLE), 0) AS lower,
       (hhi_most - 1 / CAST(n_members AS DOUBLE)) / nullif(1 - 1 / CAST(n_members AS DOUBLE), 0) AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked, note, inputs
FROM mixes
WHERE reference = ''
