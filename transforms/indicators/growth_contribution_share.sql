-- Share of a part in the change of its whole, per cent: one change over the other. Withheld where the whole hardly
-- changed. Range: with u the change of the part and v that of the rest (or of the whole), u / (u + v) (or u / v) runs one way
-- with both, so its ends lie at corners; it is empty where the change of the whole may be zero.
WITH steps AS (
    SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, currency,
           dataset, vintage, x0, x1, w0, w1, statuses, contested, asked, obstacle, said, inputs, is_sum,
           CASE WHEN refusal <> '' THEN refusal ELSE stillness END AS refusal,
           x1_lo - x0_hi AS u_lo, x1_hi - x0_lo AS u_hi, r1_lo - r0_hi AS v_lo, r1_hi - r0_lo AS v_hi
    FROM contributions
), ranged AS (
    SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, currency,
           dataset, vintage, x0, x1, w0, w1, statuses, contested, asked, obstacle, said, inputs, is_sum, refusal, u_lo, u_hi,
           is_sum * u_lo + v_lo AS lo_lo, is_sum * u_lo + v_hi AS lo_hi, is_sum * u_hi + v_lo AS hi_lo,
           is_sum * u_hi + v_hi AS hi_hi,
           refusal = '' AND (is_sum * u_lo + v_lo > 0 OR is_sum * u_hi + v_hi < 0)
               AND u_lo + u_hi + v_lo + v_hi IS NOT NULL AS has_range
    FROM steps
)
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, 'PERCENT' AS unit,
       currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN 100 * (x1 - x0) / nullif(CAST(w1 - w0 AS DOUBLE), 0) END AS value,
       CASE WHEN has_range THEN 100 * least(u_lo / lo_lo, u_lo / lo_hi, u_hi / hi_lo, u_hi / hi_hi) END AS lower,
       CASE WHEN has_range THEN 100 * greatest(u_lo / lo_lo, u_lo / lo_hi, u_hi / hi_lo, u_hi / hi_hi) END AS upper,
       0 AS unit_mult, statuses,
       (CASE WHEN x0 IS NULL THEN 0 ELSE 1 END + CASE WHEN x1 IS NULL THEN 0 ELSE 1 END
           + CASE WHEN w0 IS NULL THEN 0 ELSE 1 END + CASE WHEN w1 IS NULL THEN 0 ELSE 1 END) / 4e0 AS coverage,
       CASE is_sum WHEN 1 THEN 'sum_of_items' ELSE 'published' END AS method, contested, asked,
       concat_ws('; ', nullif(refusal, ''), nullif(obstacle, ''), nullif(said, '')) AS note, inputs
FROM ranged
