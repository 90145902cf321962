-- Structural change: half the sum of absolute changes of the items' shares, 0 (same mix) to 1 (all elsewhere).
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage, change AS value,
       CASE WHEN change IS NULL THEN least_change ELSE least(least_change, change) END AS lower,
       CASE WHEN change IS NULL THEN most_change ELSE greatest(most_change, change) END AS upper,
       0 AS unit_mult, all_statuses AS statuses, coverage, '' AS method, contested, asked, note, inputs
FROM structures
