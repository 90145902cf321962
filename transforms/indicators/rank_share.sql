-- Rank of a place among the places of its level that the edition lists, by the share of the item in all services.
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RANK' AS unit, currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage, place AS value,
       place_least AS lower, place_most AS upper, 0 AS unit_mult, statuses, coverage, 'competition_ranking' AS method,
       contested, asked, note, inputs
FROM ranks
WHERE kind = 'share'
