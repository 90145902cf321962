-- Concentration in the form that UNCTAD calls a normalised Herfindahl index: roots, 0 to 1.
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       (sqrt(hhi) - sqrt(1 / CAST(n_members AS DOUBLE))) / nullif(1 - sqrt(1 / CAST(n_members AS DOUBLE)), 0) AS value,
       (sqrt(hhi_least) - sqrt(1 / CAST(n_members AS DOUBLE))) / nullif(1 - sqrt(1 / CAST(n_members AS DOUBLE)), 0) AS lower,
       (sqrt(hhi_most) - sqrt(1 / CAST(n_members AS DOUBLE))) / nullif(1 - sqrt(1 / CAST(n_members AS DOUBLE)), 0) AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked, note, inputs
FROM mixes
WHERE reference = ''
