-- Shift-share after Esteban: the regional effect at the reference's mix of items.
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       unit AS unit, unit AS currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       value, lower, upper, mult AS unit_mult, statuses, coverage, 'base_weights' AS method, contested, asked, note, inputs
FROM effects
WHERE effect = 'shift_share_esteban_homothetic'
