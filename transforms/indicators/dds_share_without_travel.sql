-- Share of digitally deliverable services in all services but travel, by flow.
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage, value, lower, upper,
       0 AS unit_mult, statuses, coverage, method, contested, '' AS asked, note, inputs
FROM shares_without_travel
WHERE item LIKE 'DEF:%'
