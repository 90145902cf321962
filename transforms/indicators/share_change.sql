-- Change of a share on the same period of the year before, in percentage points. The two periods' figures are free of one
-- another, so the range is that between the two ranges of the shares.
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, 'PP' AS unit,
       currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       s1 - s0 AS value, s1_lo - s0_hi AS lower, s1_hi - s0_lo AS upper, 0 AS unit_mult, statuses, coverage,
       '' AS method, contested, asked, note, inputs
FROM share_changes
