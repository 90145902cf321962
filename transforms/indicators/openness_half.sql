-- Trade openness as UNCTAD has it: half of exports and imports together, per cent of gross product. Half of openness.
WITH compared AS (
    SELECT m.*, d.reference, d.ref_dataset, d.ref_vintage, d.output, d.output_lo, d.output_hi, d.obstacle,
           d.output_coverage, d.output_contested, d.output_inputs, d.output_statuses,
           CASE WHEN m.point < 0 OR (m.point IS NULL AND m.hi < 0) THEN 'a figure is negative'
                ELSE d.output_refusal END AS refusal,
           50 * pow(10e0, m.mult - d.output_mult) AS scale
    FROM measured m
    JOIN denominators d ON d.reference = 'GDP'
     AND d.dataset = m.dataset AND d.vintage = m.vintage AND d.geo = m.geo AND d.period = m.period
     AND d.basis = m.basis AND d.unit = m.unit AND d.adjustment = m.adjustment
    WHERE m.flow = 'T' AND m.measure = 'value' AND m.partner = 'W' AND m.price = 'current'
)
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, unit AS currency, dataset, vintage, ref_dataset, ref_vintage,
       CASE WHEN refusal = '' THEN point / nullif(CAST(output AS DOUBLE), 0) * scale END AS value,
       CASE WHEN refusal = '' THEN lo_cut / nullif(CAST(output_hi AS DOUBLE), 0) * scale END AS lower,
       CASE WHEN refusal = '' THEN hi / nullif(CAST(output_lo AS DOUBLE), 0) * scale END AS upper,
       0 AS unit_mult, statuses | output_statuses AS statuses, (coverage + output_coverage) / 2 AS coverage, method,
       contested OR output_contested AS contested, CASE WHEN obstacle = '' THEN '' ELSE 'mixed_sources' END AS asked,
       concat_ws('; ', nullif(refusal, ''), nullif(note, ''), nullif(obstacle, '')) AS note,
       inputs || output_inputs AS inputs
FROM compared
