-- Shift-share: what its items gained beyond those items in the nation (the world).
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       unit AS unit, unit AS currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       value, lower, upper, mult AS unit_mult, statuses, coverage, 'base_weights' AS method, contested, asked, note, inputs
FROM effects
WHERE effect = 'shift_share_regional'
