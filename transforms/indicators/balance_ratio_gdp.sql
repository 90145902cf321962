-- Exports less imports, per cent of gross product. A surplus is least over the highest product, a deficit over the lowest.
WITH compared AS (
    SELECT p.*, p.x_lo - p.m_hi AS lowest, p.x_hi - p.m_lo AS highest, d.reference, d.ref_dataset, d.ref_vintage, d.output,
           d.output_lo, d.output_hi, d.obstacle, d.output_coverage, d.output_contested, d.output_inputs,
           d.output_statuses, d.output_refusal, 100 * pow(10e0, p.mult - d.output_mult) AS scale
    FROM pairs p
    JOIN denominators d ON d.reference = 'GDP'
     AND d.dataset = p.dataset AND d.vintage = p.vintage AND d.geo = p.geo AND d.period = p.period
     AND d.basis = p.basis AND d.unit = p.unit AND d.adjustment = p.adjustment
    WHERE p.partner = 'W' AND p.price = 'current'
)
SELECT definition, geo, reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, unit AS currency, dataset, vintage, ref_dataset, ref_vintage,
       CASE WHEN output_refusal = '' THEN (x - m) / nullif(CAST(output AS DOUBLE), 0) * scale END AS value,
       CASE WHEN output_refusal = ''
            THEN lowest / nullif(CAST(CASE WHEN lowest < 0 THEN output_lo ELSE output_hi END AS DOUBLE), 0) * scale
            END AS lower,
       CASE WHEN output_refusal = ''
            THEN highest / nullif(CAST(CASE WHEN highest < 0 THEN output_hi ELSE output_lo END AS DOUBLE), 0) * scale
            END AS upper,
       0 AS unit_mult, statuses | output_statuses AS statuses, (coverage + output_coverage) / 2 AS coverage,
       '' AS method, contested OR output_contested AS contested,
       CASE WHEN obstacle = '' THEN '' ELSE 'mixed_sources' END AS asked,
       concat_ws('; ', nullif(output_refusal, ''), nullif(said, ''), nullif(obstacle, '')) AS note, inputs || output_inputs AS inputs
FROM compared
