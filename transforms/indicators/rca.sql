-- Revealed comparative advantage (Balassa) of exports within a universe that the reference names, against the world:
-- ratio is (x_i / x) / (X_i / X) of the place and the world (steps/79_specialisations).
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, currency, dataset, vintage, ref_dataset, ref_vintage, ratio AS value, ratio_lower AS lower,
       ratio_upper AS upper, 0 AS unit_mult, statuses, coverage, method, contested, asked, note, inputs
FROM specialisations
WHERE reference LIKE 'RCA%'
