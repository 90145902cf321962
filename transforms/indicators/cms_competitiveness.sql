-- Constant market share: the change of the share in the world by changed shares in its items.
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'PP' AS unit, unit AS currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       value, lower, upper, 0 AS unit_mult, statuses, coverage, 'base_weights' AS method, contested, asked, note, inputs
FROM effects
WHERE effect = 'cms_competitiveness'
