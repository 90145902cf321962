-- 9b. The same whole at two dates, part by part: the year before, the whole span of a yearly series, its last five and ten
--     years. A part that one date has and the other has not (services not allocated) is missing there.
CREATE OR REPLACE TEMP TABLE part_series AS
SELECT * REPLACE (CASE WHEN is_missing OR amount IS NOT NULL THEN amount ELSE 0 END AS amount),
       count(*) FILTER (WHERE (statuses & getvariable('law').broken) <> 0) OVER (
           PARTITION BY dataset, vintage, geo, partner, flow, item, member, freq, basis, price, unit, adjustment
           ORDER BY period) AS n_breaks,
       (statuses & status_bit('D')) <> 0 AS is_otherwise_defined
FROM mix_members
WHERE reference = '' AND freq IN ('A', 'Q', 'M') AND NOT starts_with(period, '..') AND period <> ''
  AND (freq <> 'A' OR NOT contains(period, '/'));

CREATE OR REPLACE TEMP TABLE mix_spans AS
WITH dated AS (
    SELECT dataset, vintage, geo, partner, flow, item, freq, basis, price, unit, adjustment, period,
           bool_and(NOT is_missing) AS is_complete
    FROM part_series
    GROUP BY ALL
), years AS (
    SELECT * EXCLUDE (is_complete), year_of(period) AS year,
           min(year_of(period)) OVER series AS first_year, max(year_of(period)) OVER series AS last_year
    FROM dated WHERE freq = 'A' AND is_complete
    WINDOW series AS (PARTITION BY dataset, vintage, geo, partner, flow, item, basis, price, unit, adjustment)
)
SELECT l.* EXCLUDE (is_complete), e.period AS base_period
FROM dated l JOIN dated e USING (dataset, vintage, geo, partner, flow, item, freq, basis, price, unit, adjustment)
WHERE e.period = year_before(l.period)
UNION
SELECT * EXCLUDE (period, year, first_year, last_year), CAST(last_year AS VARCHAR), period
FROM years
WHERE year IN (first_year, last_year - 5, last_year - 10) AND year < last_year;

CREATE OR REPLACE TEMP TABLE part_changes AS
SELECT p.*, s.member, max(s.definition) AS definition, max(s.mult) AS mult,
       max(s.amount) FILTER (WHERE s.period = p.period) AS x1, max(s.amount) FILTER (WHERE s.period <> p.period) AS x0,
       max(s.low) FILTER (WHERE s.period = p.period) AS listed_lo1, max(s.high) FILTER (WHERE s.period = p.period) AS hi1,
       max(s.low) FILTER (WHERE s.period <> p.period) AS listed_lo0, max(s.high) FILTER (WHERE s.period <> p.period) AS hi0,
       -- a part that is listed at one date only is anything from zero at the other
       CASE WHEN listed_lo1 IS NULL THEN 0 ELSE listed_lo1 END AS lo1,
       CASE WHEN listed_lo0 IS NULL THEN 0 ELSE listed_lo0 END AS lo0,
       count(s.amount) AS n_present, count(*) = 2 AS is_on_both,
       bit_or(s.statuses) | CASE WHEN count(*) = 2 THEN 0 ELSE status_bit('O') END AS statuses,
       max(s.n_breaks) > min(s.n_breaks) AS is_broken,
       bool_or(s.is_otherwise_defined) AND NOT bool_and(s.is_otherwise_defined) AS is_redefined,
       bool_or(s.contested) AS contested, flatten(list(s.inputs)) AS inputs
FROM mix_spans p
JOIN part_series s USING (dataset, vintage, geo, partner, flow, item, freq, basis, price, unit, adjustment)
WHERE s.period IN (p.period, p.base_period)
GROUP BY ALL;

CREATE OR REPLACE TEMP MACRO refusal_of(has_negative, has_zero) AS (
    CASE WHEN has_negative THEN 'an item of the sum is negative' WHEN has_zero THEN 'the denominator is zero' ELSE '' END
);
CREATE OR REPLACE TEMP MACRO open_end(hi) AS (CASE WHEN hi IS NULL THEN CAST('infinity' AS DOUBLE) ELSE CAST(hi AS DOUBLE) END);

-- One row a whole and pair of dates; the range of the structural change is made in mixes.py.
CREATE OR REPLACE TEMP TABLE structures AS
WITH summed AS (
    SELECT *, sum(x1) OVER whole AS sum1, sum(x0) OVER whole AS sum0
    FROM part_changes
    WINDOW whole AS (PARTITION BY dataset, vintage, geo, partner, flow, item, freq, basis, price, unit, adjustment, period,
                                  base_period)
), gathered AS (
    SELECT dataset, vintage, geo, partner, flow, item, definition, freq, basis, price, unit, adjustment, period, base_period,
           count(*) AS n_parts, sum(n_present) AS n_figures, bool_and(is_on_both) AS is_same,
           refusal_of(bool_or(least(x0, x1) < 0 OR least(hi0, hi1) < 0),
                      coalesce(max(hi0) <= 0, false) OR coalesce(max(hi1) <= 0, false)
                      OR (n_figures = 2 * n_parts AND (max(sum0) = 0 OR max(sum1) = 0))) AS refusal,
           sum(CAST(abs(CAST(x1 AS DOUBLE) / nullif(CAST(sum1 AS DOUBLE), 0)
                        - CAST(x0 AS DOUBLE) / nullif(CAST(sum0 AS DOUBLE), 0)) AS DECIMAL(38, 18))) AS moved,
           list(CAST(lo1 AS DOUBLE) ORDER BY member) AS lows, list(open_end(hi1) ORDER BY member) AS highs,
           list(CAST(lo0 AS DOUBLE) ORDER BY member) AS base_lows, list(open_end(hi0) ORDER BY member) AS base_highs,
           bit_or(statuses) AS statuses, bool_or(is_broken) AS is_broken, bool_or(is_redefined) AS is_redefined,
           bool_or(contested) AS contested, flatten(list(inputs)) AS inputs
    FROM summed
    GROUP BY ALL
)
SELECT * EXCLUDE (lows, highs, base_lows, base_highs, moved, is_broken, is_redefined),
       CASE WHEN refusal = '' AND n_figures = 2 * n_parts THEN CAST(moved AS DOUBLE) / 2 END AS change,
       CASE WHEN refusal = '' THEN smallest_change(lows, highs, base_lows, base_highs) END AS least_change,
       CASE WHEN refusal = '' THEN largest_change(lows, highs, base_lows, base_highs) END AS most_change,
       n_figures / (2 * n_parts) AS coverage,
       CASE WHEN is_broken OR is_redefined THEN 'across_breaks' ELSE '' END AS asked,
       CASE WHEN is_broken THEN statuses | status_bit('B') ELSE statuses END AS all_statuses,
       concat_ws('; ', nullif(refusal, ''), CASE WHEN NOT is_same THEN 'the items of the two periods are not the same' END,
                 CASE WHEN refusal = '' AND n_figures < 2 * n_parts
                      THEN 'the range assumes that no missing item is negative' END,
                 CASE WHEN is_broken THEN 'the series is broken in between'
                      WHEN is_redefined THEN 'some of the levels stand under another definition' END) AS note
FROM gathered;
