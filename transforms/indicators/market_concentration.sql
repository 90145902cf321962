-- Herfindahl-Hirschman index over the economies listed: exporters (importers) of one item, or partners of one economy.
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       hhi AS value,
       hhi_least AS lower,
       hhi_most AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked, note, inputs
FROM mixes
WHERE reference <> ''
