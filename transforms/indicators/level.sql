-- Exports or imports: as printed, else of derived periods, converted, or under a definition.
SELECT definition, geo, '' AS reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       point AS value, lo AS lower, hi AS upper, mult AS unit_mult, statuses, coverage, method,
       contested, '' AS asked, note, inputs
FROM measured
WHERE flow IN ('X', 'M') AND measure = 'value'
