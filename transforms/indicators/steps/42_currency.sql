-- Levels in another currency, by the rate series that the list conversions names for their dataset. Appended to levels
-- where the dataset has no level in that currency itself. A rate series is data like any other: observations of an item
-- XR:<series>, measure value, unit <to>_PER_<from>, averages of the period (flows are converted by averages).
--
-- Run between two runs of 40_periods.sql: a level is converted for the shortest periods at hand, by the rate of each, and
-- what they make up (a quarter, a year, the months since January) is then the sum of what was converted, not its own
-- amount times its own rate. Without a rate for the period a level stands without a value (no_rate, status O).
--
-- Needs: levels, conversions, and what 40_periods.sql leaves.

-- Amounts as whole numbers of 0.0000000001, and quotients of whole numbers: rounded down, up, and half up.
CREATE OR REPLACE TEMP MACRO whole(v) AS CAST(v * 10000000000 AS HUGEINT);
CREATE OR REPLACE TEMP MACRO ten_to(n) AS CAST('1' || repeat('0', greatest(n, 0)) AS HUGEINT);
CREATE OR REPLACE TEMP MACRO divided_down(n, d) AS (n // d - CASE WHEN n < 0 AND n % d <> 0 THEN 1 ELSE 0 END);
CREATE OR REPLACE TEMP MACRO divided_up(n, d) AS (n // d + CASE WHEN n > 0 AND n % d <> 0 THEN 1 ELSE 0 END);
CREATE OR REPLACE TEMP MACRO divided_half_up(n, d) AS (
    CASE WHEN n < 0 THEN -((-2 * n + d) // (2 * d)) ELSE (2 * n + d) // (2 * d) END
);
CREATE OR REPLACE TEMP MACRO amount(n) AS CAST(CAST(n AS DECIMAL(38, 0)) * 0.0000000001 AS DECIMAL(38, 10));

-- What to divide by what for an amount v at the rate r, moved by shift powers of ten: v * r, or v / r.
CREATE OR REPLACE TEMP MACRO dividend(v, r, shift, multiplies) AS (
    CASE WHEN multiplies THEN whole(v) * whole(r) ELSE whole(v) * 10000000000 END * ten_to(shift)
);
CREATE OR REPLACE TEMP MACRO divisor(r, shift, multiplies) AS (
    CASE WHEN multiplies THEN CAST(10000000000 AS HUGEINT) ELSE whole(r) END * ten_to(-shift)
);

-- Amounts of one scheme are held in one power of ten; aggregates under a definition go with the items they are sums of.
CREATE OR REPLACE TEMP MACRO scheme_of(item) AS (
    CASE WHEN starts_with(item, 'DEF:') THEN 'EBOPS2010' ELSE split_part(item, ':', 1) END
);

-- 1. One rate per series and period: of the newest edition that prints it. Where two datasets print one series and
--    their newest rates cannot both be true, the rate is contested.
CREATE OR REPLACE TEMP TABLE exchange_rates AS
WITH printed AS (
    SELECT item AS series, unit, period, dataset, vintage, geo, partner, mult, point, lo, hi, statuses, contested, inputs,
           list_transform(regexp_extract_all(vintage, '\d+|\D+'), lambda part:
               CASE WHEN regexp_full_match(part, '\d+') THEN '1' || lpad(part, 20, '0') ELSE '0' || part END) AS edition
    FROM levels
    WHERE starts_with(item, 'XR:') AND measure = 'value' AND point IS NOT NULL AND lo > 0 AND hi IS NOT NULL
), newest AS (
    FROM printed
    QUALIFY row_number() OVER (PARTITION BY series, unit, period, dataset
                               ORDER BY edition DESC, hi - lo, geo, partner, inputs) = 1
)
SELECT series, unit, period, mult, point, lo, hi, statuses, inputs,
       contested OR max(lo * pow(10.0, mult)) OVER same > min(hi * pow(10.0, mult)) OVER same AS contested
FROM newest
WINDOW same AS (PARTITION BY series, unit, period)
QUALIFY row_number() OVER (PARTITION BY series, unit, period ORDER BY edition DESC, hi - lo, dataset) = 1;

-- 2. What is converted: every level of a flow, but for those that shorter ones make up and those that were
--    converted themselves.
CREATE OR REPLACE TEMP TABLE spans_of_converted AS
FROM month_spans SEMI JOIN conversions USING (dataset);

CREATE OR REPLACE TEMP TABLE convertible AS
WITH asked AS (
    SELECT m.*, c.from_currency, c.to_currency, c.series AS rate_series
    FROM spans_of_converted m
    JOIN conversions c ON c.dataset = m.dataset AND c.from_currency = m.series.unit
    WHERE m.method <> 'no_rate' AND NOT starts_with(m.method, 'converted:')
), made_up AS (
    SELECT DISTINCT a.series, a.year, a.period
    FROM (SELECT *, last - first AS length FROM asked) a
    JOIN (SELECT series, year, period, first, last, last - first AS length, unnest(range(first, last + 1)) AS month
          FROM spans_of_converted WHERE NOT contains(period, '/') OR last = 2) s
      ON s.series = a.series AND s.year = a.year AND s.first >= a.first AND s.last <= a.last
     AND (s.length < a.length OR (s.length = a.length AND contains(a.period, '/') AND NOT contains(s.period, '/')))
    WHERE a.first = 1 OR NOT contains(a.period, '/')
    GROUP BY a.series, a.year, a.period, a.length, a.to_currency
    HAVING count(DISTINCT s.month) = a.length + 1
)
FROM asked ANTI JOIN made_up USING (series, year, period);

-- 3. Each by its rate. The interval is the product (or quotient) of both intervals, rounded outward to ten decimals. In
--    the other currency a dataset keeps the power of ten it has there, else that of the amounts. What it has no rate for
--    it has no value for. A dataset with a level of its own in that currency keeps it.
CREATE OR REPLACE TEMP TABLE converted_levels AS
WITH powers AS (
    SELECT dataset, vintage, geo, unit, price, scheme_of(item) AS scheme, max(mult) AS mult
    FROM levels WHERE measure = 'value' GROUP BY ALL
), rated AS (
    SELECT c.* EXCLUDE (dataset, vintage, series), struct_update(c.series, unit := c.to_currency) AS target,
           r.point AS rate, r.mult AS rate_mult, r.lo AS rate_lo, r.hi AS rate_hi, r.statuses AS rate_statuses,
           r.contested AS rate_contested, r.inputs AS rate_inputs,
           r.unit = c.to_currency || '_PER_' || c.from_currency AS multiplies,
           coalesce(p.mult, min(c.mult) OVER (PARTITION BY c.series.dataset, c.series.vintage, c.series.geo,
                                              c.to_currency, scheme_of(c.series.item))) AS target_mult
    FROM convertible c
    LEFT JOIN exchange_rates r
      ON r.series = c.rate_series AND r.period = c.period
     AND r.unit IN (c.to_currency || '_PER_' || c.from_currency, c.from_currency || '_PER_' || c.to_currency)
    LEFT JOIN powers p
      ON (p.dataset, p.vintage, p.geo, p.unit, p.price, p.scheme)
       = (c.series.dataset, c.series.vintage, c.series.geo, c.to_currency, c.series.price, scheme_of(c.series.item))
), cornered AS (
    -- the lower end is lowest at the rate that makes a positive amount smallest, and a negative one largest
    SELECT *, mult + CASE WHEN multiplies THEN rate_mult ELSE -rate_mult END - target_mult AS shift,
           CASE WHEN multiplies = (lo >= 0) THEN rate_lo ELSE rate_hi END AS rate_for_lo,
           CASE WHEN multiplies = (hi >= 0) THEN rate_hi ELSE rate_lo END AS rate_for_hi
    FROM rated
), computed AS (
    SELECT target, period, freq, target_mult AS mult,
           amount(divided_half_up(dividend(point, rate, shift, multiplies),
                                  divisor(rate, shift, multiplies))) AS point,
           amount(divided_down(dividend(lo, rate_for_lo, shift, multiplies),
                               divisor(rate_for_lo, shift, multiplies))) AS lo,
           amount(divided_up(dividend(hi, rate_for_hi, shift, multiplies),
                             divisor(rate_for_hi, shift, multiplies))) AS hi,
           CASE WHEN rate IS NULL THEN joined_statuses(false, statuses, status_bits('O'))
                WHEN point IS NULL THEN statuses ELSE without_normal(statuses | rate_statuses) END AS statuses,
           contested OR coalesce(rate_contested, false) AS contested,
           CASE WHEN rate IS NULL THEN 'no_rate' ELSE 'converted:' || rate_series END AS method,
           list_sort(list_distinct(list_concat(inputs, rate_inputs))) AS inputs
    FROM cornered
)
SELECT unnest(target), * EXCLUDE (target)
FROM computed c
WHERE NOT EXISTS (SELECT 1 FROM spans_of_converted m WHERE m.series = c.target AND m.period = c.period)
-- converted from two currencies, a level is still one: with a value, then the narrowest
QUALIFY row_number() OVER (PARTITION BY target, period ORDER BY point IS NULL, hi - lo NULLS LAST, method, inputs) = 1;

INSERT INTO levels BY NAME SELECT * FROM converted_levels ORDER BY ALL;
