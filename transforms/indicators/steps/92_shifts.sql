-- 9c. A place beside the place that it is part of (its nation, else the world) over two dates, part by part of one whole:
--     shift-share and constant market share. x: the place, r: the reference; 0 and 1: the dates; x_rest, r_rest: the
--     other parts together. Trade with all partners only.
CREATE OR REPLACE TEMP TABLE compared_parts AS
WITH places AS (
    SELECT code AS geo, CASE WHEN nation IN ('', code) THEN 'W' ELSE nation END AS ref_geo
    FROM geographies WHERE type <> 'world'
), bounded AS (
    SELECT *, count(*) OVER whole AS n_parts, CASE WHEN hi0 IS NULL THEN 0 ELSE hi0 END AS known_hi0,
           CASE WHEN hi1 IS NULL THEN 0 ELSE hi1 END AS known_hi1,
           CAST(sum(lo0) OVER whole - lo0 AS DOUBLE) AS rest_lo0, CAST(sum(lo1) OVER whole - lo1 AS DOUBLE) AS rest_lo1,
           CASE WHEN count(*) FILTER (WHERE hi0 IS NULL) OVER whole = CAST(hi0 IS NULL AS INTEGER)
                THEN CAST(sum(known_hi0) OVER whole - known_hi0 AS DOUBLE) END AS rest_hi0,
           CASE WHEN count(*) FILTER (WHERE hi1 IS NULL) OVER whole = CAST(hi1 IS NULL AS INTEGER)
                THEN CAST(sum(known_hi1) OVER whole - known_hi1 AS DOUBLE) END AS rest_hi1,
           CASE WHEN count(x0) OVER whole = count(*) OVER whole THEN CAST(sum(x0) OVER whole AS DOUBLE) END AS sum0,
           CASE WHEN count(x1) OVER whole = count(*) OVER whole THEN CAST(sum(x1) OVER whole AS DOUBLE) END AS sum1,
           bool_or(least(x0, x1) < 0 OR least(hi0, hi1) < 0) OVER whole AS has_negative
    FROM part_changes
    WHERE partner = 'W'
    WINDOW whole AS (PARTITION BY dataset, vintage, geo, flow, item, freq, basis, price, unit, adjustment, period, base_period)
)
SELECT p.dataset, p.vintage, p.geo, p.partner, ref_geo, p.n_parts, r.n_parts AS ref_parts, p.flow, p.item, p.definition, p.freq, p.basis, p.price, p.unit,
       p.adjustment, p.period, p.base_period, p.member, p.mult, pow(10.0, p.mult - r.mult) AS scale,
       CAST(p.x0 AS DOUBLE) AS x0, CAST(p.lo0 AS DOUBLE) AS x0_lo, CAST(p.hi0 AS DOUBLE) AS x0_hi,
       CAST(p.x1 AS DOUBLE) AS x1, CAST(p.lo1 AS DOUBLE) AS x1_lo, CAST(p.hi1 AS DOUBLE) AS x1_hi,
       p.sum0 AS x0_sum, p.rest_lo0 AS x0_rest_lo, p.rest_hi0 AS x0_rest_hi,
       CAST(r.x0 AS DOUBLE) AS r0, CAST(r.lo0 AS DOUBLE) AS r0_lo, CAST(r.hi0 AS DOUBLE) AS r0_hi,
       CAST(r.x1 AS DOUBLE) AS r1, CAST(r.lo1 AS DOUBLE) AS r1_lo, CAST(r.hi1 AS DOUBLE) AS r1_hi,
       r.sum0 AS r0_sum, r.rest_lo0 AS r0_rest_lo, r.rest_hi0 AS r0_rest_hi,
       r.sum1 AS r1_sum, r.rest_lo1 AS r1_rest_lo, r.rest_hi1 AS r1_rest_hi,
       p.has_negative OR r.has_negative AS has_negative, p.n_present + r.n_present AS n_present,
       p.is_on_both AND r.is_on_both AS is_on_both, p.statuses | r.statuses AS statuses,
       p.is_broken OR r.is_broken AS is_broken, p.is_redefined OR r.is_redefined AS is_redefined,
       p.contested OR r.contested AS contested, p.inputs || r.inputs AS inputs
FROM (FROM bounded JOIN places USING (geo)) p
JOIN (SELECT * EXCLUDE (geo), geo AS ref_geo FROM bounded) r
USING (dataset, vintage, ref_geo, flow, item, member, freq, basis, price, unit, adjustment, period, base_period);

-- x (not below zero) times a factor within a range
CREATE OR REPLACE TEMP MACRO times_least(x_lo, x_hi, factor) AS (
    CASE WHEN x_hi = 0 THEN 0 WHEN factor >= 0 THEN x_lo * factor ELSE x_hi * factor END
);
CREATE OR REPLACE TEMP MACRO times_most(x_lo, x_hi, factor) AS (
    CASE WHEN x_hi = 0 THEN 0 WHEN factor <= 0 THEN x_lo * factor ELSE x_hi * factor END
);
CREATE OR REPLACE TEMP MACRO product_least(a_lo, a_hi, b_lo, b_hi) AS (
    CASE WHEN a_lo + a_hi + b_lo + b_hi IS NOT NULL THEN least(a_lo * b_lo, a_lo * b_hi, a_hi * b_lo, a_hi * b_hi) END
);
CREATE OR REPLACE TEMP MACRO product_most(a_lo, a_hi, b_lo, b_hi) AS (
    CASE WHEN a_lo + a_hi + b_lo + b_hi IS NOT NULL THEN greatest(a_lo * b_lo, a_lo * b_hi, a_hi * b_lo, a_hi * b_hi) END
);
CREATE OR REPLACE TEMP MACRO ratio_of(a, b) AS (a / nullif(b, 0));

-- The eight effects of each part. Ranges of a part are exact but for allocation and interaction, which are the product of
-- two ranges that share amounts. f: growth of the whole reference; d: growth of the part less that of the whole, which
-- rises with r1 and r0_rest, falls with r1_rest, and falls and then rises with r0, least at the turn; e: the change of
-- the weight of the part in the reference over its earlier amount, r1 / R1 / r0 - 1 / R0, with the same turn; k: what the
-- place has gained in the part on the reference, in amounts of the reference.
CREATE OR REPLACE TEMP VIEW part_effects AS
WITH turned AS (
    SELECT *, r1_hi = 0 AND r0_hi = 0 AND x0_hi = 0 AND x1_hi = 0 AS is_nothing,
           CASE WHEN r1_lo = 0 THEN r0_lo WHEN r1_rest_hi = 0 THEN r0_hi
                ELSE nearest(r0_rest_lo / (sqrt((r1_lo + r1_rest_hi) / r1_lo) - 1), r0_lo, r0_hi) END AS turn
    FROM compared_parts
), ranged AS (
    SELECT *, ratio_of(r1_sum, r0_sum) - 1 AS f,
           CASE WHEN r0_hi + r0_rest_hi IS NULL THEN -1 ELSE ratio_of(r1_lo + r1_rest_lo, r0_hi + r0_rest_hi) - 1 END AS f_lo,
           ratio_of(r1_hi + r1_rest_hi, r0_lo + r0_rest_lo) - 1 AS f_hi,
           CASE WHEN r1_lo = 0 THEN 0 ELSE ratio_of(r1_lo, turn) END - ratio_of(r1_lo + r1_rest_hi, turn + r0_rest_lo) AS d_lo,
           CASE WHEN r0_lo > 0 AND r0_hi + r1_hi + r0_rest_hi IS NOT NULL
                THEN greatest(r1_hi / r0_lo - (r1_hi + r1_rest_lo) / (r0_lo + r0_rest_hi),
                              r1_hi / r0_hi - (r1_hi + r1_rest_lo) / (r0_hi + r0_rest_hi)) END AS d_hi,
           CASE WHEN r1_lo = 0 THEN 0 ELSE ratio_of(r1_lo / (r1_lo + r1_rest_hi), turn) END - ratio_of(1, turn + r0_rest_lo) AS e_lo,
           CASE WHEN r0_lo > 0 AND r0_hi + r1_hi + r0_rest_hi IS NOT NULL
                THEN greatest(ratio_of(r1_hi, r1_hi + r1_rest_lo) / r0_lo - 1 / (r0_lo + r0_rest_hi),
                              ratio_of(r1_hi, r1_hi + r1_rest_lo) / r0_hi - 1 / (r0_hi + r0_rest_hi)) END AS e_hi,
           -- Esteban: the part against what it would be with the weights of the reference (u), its growth beyond that there (v)
           ratio_of(x0_lo * r0_rest_lo - x0_rest_hi * r0_hi, r0_hi + r0_rest_lo) AS u_lo,
           ratio_of(x0_hi * r0_rest_hi - x0_rest_lo * r0_lo, r0_lo + r0_rest_hi) AS u_hi,
           ratio_of(x1_lo, x0_hi) - ratio_of(r1_hi, r0_lo) AS v_lo, ratio_of(x1_hi, x0_lo) - ratio_of(r1_lo, r0_hi) AS v_hi,
           ratio_of(r0_lo * x1_lo, x0_hi) - r1_hi AS k_lo, ratio_of(r0_hi * x1_hi, x0_lo) - r1_lo AS k_hi,
           -- constant market share: amounts of the earlier period at the later share, less the earlier ones
           ratio_of(x1_lo * r0_lo, r1_hi) - x0_hi AS c_lo, ratio_of(x1_hi * r0_hi, r1_lo) - x0_lo AS c_hi,
           ratio_of(x1_lo, r1_hi) - ratio_of(x0_hi, r0_lo) AS s_lo, ratio_of(x1_hi, r1_lo) - ratio_of(x0_lo, r0_hi) AS s_hi,
           ratio_of(r1_lo, r1_lo + r1_rest_hi) - ratio_of(r0_hi, r0_hi + r0_rest_lo) AS w_lo,
           ratio_of(r1_hi, r1_hi + r1_rest_lo) - ratio_of(r0_lo, r0_lo + r0_rest_hi) AS w_hi
    FROM turned
)
SELECT * EXCLUDE (given), given.effect, CASE WHEN is_nothing THEN 0 ELSE given.value END AS value,
       CASE WHEN is_nothing THEN 0 ELSE given.lower END AS lower, CASE WHEN is_nothing THEN 0 ELSE given.upper END AS upper
FROM (
    SELECT dataset, vintage, geo, partner, ref_geo, flow, item, freq, basis, price, unit, adjustment, period, base_period,
           member, is_nothing, unnest([
        {effect: 'shift_share_national', value: x0 * f, lower: times_least(x0_lo, x0_hi, f_lo),
         upper: times_most(x0_lo, x0_hi, f_hi)},
        {effect: 'shift_share_mix', value: CASE WHEN x0 = 0 THEN 0 ELSE x0 * (ratio_of(r1, r0) - 1 - f) END,
         lower: times_least(x0_lo, x0_hi, d_lo), upper: times_most(x0_lo, x0_hi, d_hi)},
        {effect: 'shift_share_regional', value: CASE WHEN x0 = 0 THEN x1 ELSE x1 - x0 * ratio_of(r1, r0) END,
         lower: x1_lo - times_most(x0_lo, x0_hi, ratio_of(r1_hi, r0_lo)),
         upper: x1_hi - CASE WHEN r0_hi IS NULL THEN 0 ELSE times_least(x0_lo, x0_hi, ratio_of(r1_lo, r0_hi)) END},
        {effect: 'shift_share_esteban_homothetic', value: x0_sum * ratio_of(r0, r0_sum) * (ratio_of(x1, x0) - ratio_of(r1, r0)),
         lower: CASE WHEN k_lo > 0 THEN (x0_hi + x0_rest_lo) * ratio_of(k_lo, r0_lo + r0_rest_hi)
                     ELSE (x0_hi + x0_rest_hi) * ratio_of(k_lo, r0_lo + r0_rest_lo) END,
         upper: CASE WHEN k_hi > 0 THEN (x0_lo + x0_rest_hi) * ratio_of(k_hi, r0_hi + r0_rest_lo)
                     ELSE (x0_lo + x0_rest_lo) * ratio_of(k_hi, r0_hi + r0_rest_hi) END},
        {effect: 'shift_share_esteban_allocation',
         value: (x0 - x0_sum * ratio_of(r0, r0_sum)) * (ratio_of(x1, x0) - ratio_of(r1, r0)),
         lower: product_least(u_lo, u_hi, v_lo, v_hi), upper: product_most(u_lo, u_hi, v_lo, v_hi)},
        {effect: 'cms_competitiveness', value: CASE WHEN r0 > 0 THEN 100 * scale * ratio_of(ratio_of(x1 * r0, r1) - x0, r0_sum) END,
         lower: 100 * scale * ratio_of(c_lo, r0_lo + CASE WHEN c_lo > 0 THEN r0_rest_hi ELSE r0_rest_lo END),
         upper: 100 * scale * ratio_of(c_hi, r0_hi + CASE WHEN c_hi > 0 THEN r0_rest_lo ELSE r0_rest_hi END)},
        {effect: 'cms_structure', value: 100 * scale * x0 * (ratio_of(ratio_of(r1, r1_sum), r0) - ratio_of(1, r0_sum)),
         lower: 100 * scale * times_least(x0_lo, x0_hi, e_lo), upper: 100 * scale * times_most(x0_lo, x0_hi, e_hi)},
        {effect: 'cms_interaction',
         value: 100 * scale * (ratio_of(x1, r1) - ratio_of(x0, r0)) * (ratio_of(r1, r1_sum) - ratio_of(r0, r0_sum)),
         lower: 100 * scale * product_least(s_lo, s_hi, w_lo, w_hi),
         upper: 100 * scale * product_most(s_lo, s_hi, w_lo, w_hi)}]) AS given
    FROM ranged
);

-- Summed over the parts of the whole.
CREATE OR REPLACE TEMP TABLE compared_wholes AS
SELECT dataset, vintage, geo, partner, ref_geo, flow, item, definition, freq, basis, price, unit, adjustment, period,
       base_period, max(mult) AS mult, count(*) AS n_compared, sum(n_present) AS n_figures,
       max(n_parts) = count(*) AND max(ref_parts) = count(*) AS is_same, bool_and(is_on_both) AS is_on_both,
       refusal_of(bool_or(has_negative),
                  bool_or(coalesce(r0_sum = 0 OR r1_sum = 0 OR r0_hi + r0_rest_hi = 0 OR r1_hi + r1_rest_hi = 0, false)))
           AS refusal,
       bit_or(statuses) AS statuses, bool_or(is_broken) AS is_broken, bool_or(is_redefined) AS is_redefined,
       bool_or(contested) AS contested, list_sort(list_distinct(flatten(list(inputs)))) AS inputs
FROM compared_parts
GROUP BY ALL;

-- The ends of the parts' ranges summed are those of the whole for the national effect (one factor for all parts) and the
-- regional one (no amount in two parts). The parts of the others share the sums of the reference or of the place: their
-- ends are searched (effects.py), and lie within the sums.
CREATE OR REPLACE TEMP TABLE effect_sums AS
WITH summed AS (
    SELECT dataset, vintage, geo, partner, ref_geo, flow, item, freq, basis, price, unit, adjustment, period, base_period, effect,
           CASE WHEN count(value) = count(*) THEN CAST(sum(CAST(value AS DECIMAL(38, 15))) AS DOUBLE) END AS parts_sum,
           CASE WHEN count(lower) = count(*) THEN CAST(sum(CAST(lower AS DECIMAL(38, 15))) AS DOUBLE) END AS lower_sum,
           CASE WHEN count(upper) = count(*) THEN CAST(sum(CAST(upper AS DECIMAL(38, 15))) AS DOUBLE) END AS upper_sum
    FROM part_effects
    WHERE ref_geo = 'W' OR NOT starts_with(effect, 'cms_')
    GROUP BY ALL
), boxes AS (
    SELECT dataset, vintage, geo, partner, ref_geo, flow, item, freq, basis, price, unit, adjustment, period, base_period,
           max(scale) AS scale,
           [list(x0_lo ORDER BY member), list(x1_lo ORDER BY member), list(r0_lo ORDER BY member), list(r1_lo ORDER BY member)] AS lows,
           [list(x0_hi ORDER BY member), list(x1_hi ORDER BY member), list(r0_hi ORDER BY member), list(r1_hi ORDER BY member)] AS highs
    FROM compared_parts
    WHERE NOT has_negative
    GROUP BY ALL
), searched AS (
    SELECT s.*, CASE WHEN starts_with(effect, 'cms_') THEN 100 * scale ELSE 1 END AS factor,
           CASE WHEN effect NOT IN ('shift_share_national', 'shift_share_regional') AND lows IS NOT NULL
                THEN search_effect(effect, lows, highs) END AS ends
    FROM summed s
    LEFT JOIN boxes USING (dataset, vintage, geo, partner, ref_geo, flow, item, freq, basis, price, unit, adjustment, period,
                           base_period)
)
SELECT * EXCLUDE (ends, factor, lower_sum, upper_sum),
       CASE WHEN ends IS NULL THEN lower_sum ELSE greatest(ends[1] * factor, lower_sum) END AS lower_sum,
       CASE WHEN ends IS NULL THEN upper_sum ELSE least(ends[2] * factor, upper_sum) END AS upper_sum,
       coalesce(ends[3] = 0, false) AS is_wide
FROM searched;

-- The cells behind a whole are many, and the same for its eight effects: they are not stored with each.
CREATE OR REPLACE TEMP VIEW effects AS
WITH gathered AS (
    SELECT *, CASE WHEN n_figures = 4 * n_compared THEN parts_sum END AS effect_sum
    FROM compared_wholes
    JOIN effect_sums USING (dataset, vintage, geo, partner, ref_geo, flow, item, freq, basis, price, unit, adjustment, period,
                       base_period)
), judged AS (
    SELECT * REPLACE (
        CASE WHEN refusal <> '' THEN refusal
             WHEN NOT is_same THEN 'the place and the reference do not have the same items'
             WHEN effect_sum IS NULL AND n_figures = 4 * n_compared
             THEN 'an item is zero where its growth or its share is needed' ELSE '' END AS refusal)
    FROM gathered
)
SELECT * EXCLUDE (effect_sum, parts_sum, lower_sum, upper_sum, is_wide, statuses, is_broken, is_redefined),
       CASE WHEN ref_geo = 'W' THEN 'WORLD' ELSE 'NATION' END AS reference, n_figures / (4 * n_compared) AS coverage,
       CASE WHEN refusal = '' THEN effect_sum END AS value,
       CASE WHEN refusal = '' THEN CASE WHEN effect_sum < lower_sum THEN effect_sum ELSE lower_sum END END AS lower,
       CASE WHEN refusal = '' THEN CASE WHEN effect_sum > upper_sum THEN effect_sum ELSE upper_sum END END AS upper,
       CASE WHEN is_broken THEN statuses | status_bit('B') ELSE statuses END AS statuses,
       CASE WHEN is_broken OR is_redefined THEN 'across_breaks' ELSE '' END AS asked,
       concat_ws('; ', nullif(refusal, ''), CASE WHEN NOT is_on_both THEN 'the items of the two periods are not the same' END,
                 CASE WHEN refusal = '' AND n_figures < 4 * n_compared AND coalesce(lower_sum, upper_sum) IS NOT NULL
                      THEN 'the range assumes that no missing item is negative' END,
                 CASE WHEN refusal = '' AND is_wide AND coalesce(lower_sum, upper_sum) IS NOT NULL
                      THEN 'the range may be wider than it need be: too many amounts may go either way' END,
                 CASE WHEN is_broken THEN 'the series is broken in between'
                      WHEN is_redefined THEN 'some of the levels stand under another definition' END) AS note
FROM judged;
