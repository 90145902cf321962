-- Trade openness as UNCTAD has it: half of exports and imports together, per cent of gross product. Half of openness.
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, currency, dataset, vintage, ref_dataset, ref_vintage, percent / 2 AS value,
       percent_lo / 2 AS lower, percent_hi / 2 AS upper, 0 AS unit_mult, statuses, coverage, method, contested,
       asked, note, inputs
FROM over_output
WHERE flow = 'T' AND reference = 'GDP'
