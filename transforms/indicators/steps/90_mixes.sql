-- 9. How a whole is divided: all services or a definition among their items (no reference), a market among the economies
--    that the edition lists (ECONOMIES_LISTED, geo W), trade of an economy among the partners listed (PARTNERS_LISTED).
--    low and high: the range of a member; one that is missing lies between zero and what the whole, where it is known,
--    leaves beside the others.
CREATE OR REPLACE TEMP TABLE mix_members AS
WITH economies AS (
    SELECT code FROM geographies WHERE type IN ('country', 'territory', 'economy', 'former')
), figures AS (
    SELECT *, point IS NULL AND (statuses & getvariable('law').empty) = 0 AS is_missing
    FROM measured
    WHERE measure = 'value' AND flow IN ('X', 'M', 'T')
), listed AS (
    SELECT '' AS reference, dataset, vintage, geo, partner, flow, whole AS item, definition, period, freq, basis, price,
           unit, adjustment, mult, part AS member, point, lo_cut, hi, is_missing, statuses, contested, inputs
    FROM compositions
    UNION ALL
    SELECT 'ECONOMIES_LISTED', dataset, vintage, 'W', partner, flow, item, definition, period, freq, basis, price,
           unit, adjustment, mult, geo, point, lo_cut, hi, is_missing, statuses, contested, inputs
    FROM figures WHERE geo IN (FROM economies)
    UNION ALL
    SELECT 'PARTNERS_LISTED', dataset, vintage, geo, 'W', flow, item, definition, period, freq, basis, price,
           unit, adjustment, mult, partner, point, lo_cut, hi, is_missing, statuses, contested, inputs
    FROM figures WHERE partner IN (FROM economies)
), aligned AS (
    SELECT *, min(mult) OVER mix AS mix_mult, count(*) FILTER (WHERE len(inputs) > 0) OVER mix AS n_listed,
           count(point) OVER mix AS n_valued
    FROM listed
    WINDOW mix AS (PARTITION BY reference, dataset, vintage, geo, partner, flow, item, period, freq, basis, price, unit,
                                adjustment)
    -- a division is asked for where two members are listed and one has a figure
    QUALIFY n_listed > 1 AND n_valued > 0
), scaled AS (
    SELECT * EXCLUDE (mult, mix_mult, n_listed, n_valued, lo_cut, hi), mix_mult AS mult,
           CAST(pow(10, mult - mix_mult) AS DECIMAL(19, 0)) AS factor,
           CAST(point * factor AS DECIMAL(38, 10)) AS amount,
           -- what cannot exist is nothing
           CASE WHEN point IS NULL AND NOT is_missing OR lo_cut IS NULL THEN 0
                ELSE CAST(lo_cut * factor AS DECIMAL(38, 10)) END AS low,
           CASE WHEN point IS NULL AND NOT is_missing THEN 0 ELSE CAST(hi * factor AS DECIMAL(38, 10)) END AS own_high
    FROM aligned
), capped AS (
    SELECT s.*, CASE WHEN s.own_high IS NULL
                     THEN CAST(w.hi * pow(10, w.mult - s.mult) AS DECIMAL(38, 10))
                          - (sum(s.low) OVER (PARTITION BY s.reference, s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item,
                             s.period, s.freq, s.basis, s.price, s.unit, s.adjustment) - s.low) END AS room,
           CASE WHEN s.own_high IS NULL AND w.hi IS NOT NULL THEN w.inputs ELSE [] END AS room_inputs
    FROM scaled s
    LEFT JOIN (FROM measured WHERE measure = 'value') w
    USING (dataset, vintage, geo, partner, flow, item, period, freq, basis, price, unit, adjustment)
)
-- members that leave less than nothing contradict the whole, which then bounds nothing
SELECT * EXCLUDE (own_high, room, room_inputs, contested, inputs, factor, point),
       CASE WHEN own_high IS NULL AND room >= low THEN room ELSE own_high END AS high,
       contested OR coalesce(room < low, false) AS contested, list_concat(inputs, room_inputs) AS inputs
FROM capped;

-- One row a whole. Amounts as multiples of the largest, so that squares have the same digits whatever the unit. c is
-- sum x^2 / sum x: where no member can lie on both sides of it, the ends of the concentration are at known corners; the
-- rest is left to mixes.py.
CREATE OR REPLACE TEMP TABLE mixes AS
WITH sized AS (
    SELECT *, max(CASE WHEN high IS NULL THEN low ELSE high END) OVER mix AS largest
    FROM mix_members
    WINDOW mix AS (PARTITION BY reference, dataset, vintage, geo, partner, flow, item, period, freq, basis, price, unit,
                                adjustment)
), relative AS (
    SELECT *, CAST(amount AS DOUBLE) / nullif(CAST(largest AS DOUBLE), 0) AS x,
           CAST(low AS DOUBLE) / nullif(CAST(largest AS DOUBLE), 0) AS x_low,
           CASE WHEN high IS NULL THEN CAST('infinity' AS DOUBLE)
                ELSE CAST(high AS DOUBLE) / nullif(CAST(largest AS DOUBLE), 0) END AS x_high,
           CASE WHEN high IS NOT NULL THEN x_high END AS x_end
    FROM sized
), summed AS (
    SELECT *, CAST(sum(CAST(x_low AS DECIMAL(38, 18))) OVER mix AS DOUBLE) AS low_sum,
           CAST(sum(CAST(x_low * x_low AS DECIMAL(38, 18))) OVER mix AS DOUBLE) AS low_squares,
           CAST(sum(CAST(x_end AS DECIMAL(38, 18))) OVER mix AS DOUBLE) AS high_sum,
           CAST(sum(CAST(x_end * x_end AS DECIMAL(38, 18))) OVER mix AS DOUBLE) AS high_squares
    FROM relative
    WINDOW mix AS (PARTITION BY reference, dataset, vintage, geo, partner, flow, item, period, freq, basis, price, unit,
                                adjustment)
), sided AS (
    SELECT *, x_low >= high_squares / nullif(low_sum, 0) AS is_above, x_high <= low_squares / nullif(high_sum, 0) AS is_below,
           CASE WHEN is_above THEN x_end ELSE x_low END AS x_most, CASE WHEN is_above THEN x_low ELSE x_end END AS x_least
    FROM summed
), gathered AS (
    SELECT reference, dataset, vintage, geo, partner, flow, item, definition, period, freq, basis, price, unit,
           adjustment, count(*) AS n_members, count(*) FILTER (WHERE NOT is_missing) AS n_present,
           string_agg(CASE WHEN NOT is_missing THEN member END, ' ' ORDER BY member) AS present,
           CASE WHEN bool_or(amount < 0 OR (amount IS NULL AND high < 0)) THEN 'an item of the sum is negative'
                WHEN max(largest) = 0 OR (n_present = n_members AND (sum(amount) IS NULL OR sum(amount) = 0))
                THEN 'the denominator is zero' ELSE '' END AS refusal,
           bool_and(coalesce(is_above OR is_below OR x_low = x_high, false)) AND bool_and(high IS NOT NULL) AS is_settled,
           sum(CAST(x AS DECIMAL(38, 18))) AS x_sum, sum(CAST(x * x AS DECIMAL(38, 18))) AS x_squares,
           sum(CAST(x_most AS DECIMAL(38, 18))) AS most_sum,
           sum(CAST(x_most * x_most AS DECIMAL(38, 18))) AS most_squares,
           sum(CAST(x_least AS DECIMAL(38, 18))) AS least_sum,
           sum(CAST(x_least * x_least AS DECIMAL(38, 18))) AS least_squares,
           list(x_low ORDER BY member) AS lows, list(x_high ORDER BY member) AS highs,
           bit_or(statuses) AS statuses, bool_or(contested) AS contested, flatten(list(inputs)) AS inputs
    FROM sided
    GROUP BY ALL
), ranged AS (
    SELECT *,
           CASE WHEN refusal = '' AND n_present = n_members
                THEN CAST(x_squares AS DOUBLE) / nullif(pow(CAST(x_sum AS DOUBLE), 2), 0) END AS hhi,
           CASE WHEN refusal <> '' THEN NULL
                WHEN is_settled THEN CAST(least_squares AS DOUBLE) / nullif(pow(CAST(least_sum AS DOUBLE), 2), 0)
                ELSE smallest_concentration(lows, highs) END AS least,
           CASE WHEN refusal <> '' THEN NULL
                WHEN is_settled THEN CAST(most_squares AS DOUBLE) / nullif(pow(CAST(most_sum AS DOUBLE), 2), 0)
                ELSE largest_concentration(lows, highs) END AS most
    FROM gathered
)
SELECT * EXCLUDE (is_settled, x_sum, x_squares, most_sum, most_squares, least_sum, least_squares, lows, highs, least, most,
                  present),
       -- the last bit of a quotient must not put the value outside, nor an end below 1 / n or above 1
       CASE WHEN refusal = '' THEN greatest(least(least, hhi), 1 / CAST(n_members AS DOUBLE)) END AS hhi_least,
       CASE WHEN refusal = '' THEN least(greatest(most, hhi), 1) END AS hhi_most,
       n_present / n_members AS coverage,
       concat_ws('; ', nullif(refusal, ''),
                 CASE WHEN reference = 'ECONOMIES_LISTED' THEN concat('covers the ', n_members, ' economies listed')
                      WHEN reference = 'PARTNERS_LISTED' THEN concat('covers the ', n_members, ' partners listed')
                      WHEN n_present = 0 THEN concat('none of ', n_members, ' items published')
                      WHEN n_present < n_members
                      THEN concat('only ', n_present, ' of ', n_members, ' items published (', present, ')') END,
                 CASE WHEN refusal <> '' OR n_present = n_members THEN NULL
                      WHEN reference = '' THEN 'the range assumes that no missing item is negative'
                      ELSE 'the range assumes that no missing figure is negative' END) AS note
FROM ranged;
