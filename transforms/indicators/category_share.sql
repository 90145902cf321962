-- Share of one category in all services, or in digitally deliverable services under a definition.
SELECT reference_definition AS definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis,
       adjustment, 'PERCENT' AS unit, currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       value, lower, upper, 0 AS unit_mult, statuses, coverage, method, contested, '' AS asked, note, inputs
FROM shares
WHERE item LIKE 'EBOPS2010:S%' AND item <> 'EBOPS2010:S'
  AND (reference = 'SERVICES' OR is_within)
