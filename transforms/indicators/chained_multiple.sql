-- Published annual growth rates chained over a span, as a multiple of the first level: the product of (1 + g / 100).
SELECT definition, geo, '' AS reference, partner, flow, item, last_period AS period, first_period AS base_period,
       'A' AS freq, basis, adjustment, 'TIMES' AS unit, currency, dataset, vintage,
       '' AS ref_dataset, '' AS ref_vintage, factor AS value, least_factor AS lower, most_factor AS upper,
       0 AS unit_mult, statuses, 1e0 AS coverage, 'published_rates' AS method, false AS contested, '' AS asked,
       '' AS note, inputs
FROM chains
