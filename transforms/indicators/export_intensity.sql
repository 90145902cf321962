-- Exports, per cent of gross product, or of the value added of the industry that they are the sales of (by reference).
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, currency, dataset, vintage, ref_dataset, ref_vintage, percent AS value,
       percent_lo AS lower, percent_hi AS upper, 0 AS unit_mult, statuses, coverage, method, contested,
       asked, note, inputs
FROM over_output
WHERE flow = 'X'
