-- What the checks of the catalogue read. Needs observations (a table or a view, of any size), judged (dataset, vintage,
-- previous: the edition before, or ''), datasets, quarantine and the code lists. What every figure goes into is a view; what
-- is kept of them is narrow, so that an edition of any size fits, on disk where memory ends.

-- A number as it is said in a finding: in the power of ten that the publisher prints.
CREATE OR REPLACE TEMP MACRO say(v, mult) AS (printf('%.7g', CAST(v AS DOUBLE) / pow(10.0, mult)));
-- What a finding says in words: the name of a template (says: [says] of the rule, or [told] of words.toml) and the numbers
-- and codes that stand in it, so that it can be said in any language.
CREATE OR REPLACE TEMP MACRO tell(told) AS (CAST(to_json(told) AS VARCHAR));
CREATE OR REPLACE TEMP MACRO tell_range(lo, hi, mult) AS (
    tell({says: 'range', low: coalesce(say(lo, mult), '...'), high: coalesce(say(hi, mult), '...')})
);
-- How far a exceeds b, as a share of b: the size of a finding.
CREATE OR REPLACE TEMP MACRO excess(a, b) AS (
    abs(CAST(a AS DOUBLE) - CAST(b AS DOUBLE)) / greatest(abs(CAST(b AS DOUBLE)), 1e-9)
);
-- Half a unit of the last digit of a text: an unrounded value says no more than its digits.
CREATE OR REPLACE TEMP MACRO half_digit(printed) AS (
    CASE WHEN regexp_full_match(printed, '-?[0-9]+') THEN CAST(0.5 AS DECIMAL(38, 10))
         WHEN regexp_full_match(printed, '-?[0-9]*[.][0-9]+')
         THEN CAST(0.5 * pow(0.1, least(len(printed) - strpos(printed, '.'), 9)) AS DECIMAL(38, 10)) END
);

-- Amounts printed at current prices, in thousandths of their currency or count, so that every power of ten is a whole
-- factor. v: the figure; lo, hi: the interval it stands for, an end that is open or not known empty; dv, dlo, dhi: the same
-- as doubles; mult: the power of ten printed, in thousandths too.
CREATE OR REPLACE TEMP VIEW all_amounts AS
WITH scaled AS (
    SELECT *, ([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
                100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
                100000000000000000, 1000000000000000000])[unit_mult + 4] AS factor,
           CASE WHEN qualifier = '' AND lower IS NULL AND upper IS NULL THEN half_digit(printed) END AS half
    FROM observations
    WHERE measure IN ('value', 'balance') AND value IS NOT NULL AND unit_mult BETWEEN -3 AND 15
      AND price IN ('', 'current')
)
SELECT * EXCLUDE (factor, half, lower, upper, value), unit_mult + 3 AS mult,
       CAST(value * factor AS DECIMAL(38, 10)) AS v,
       CAST((CASE WHEN half IS NULL THEN lower ELSE value - half END) * factor AS DECIMAL(38, 10)) AS lo,
       CAST((CASE WHEN half IS NULL THEN upper ELSE value + half END) * factor AS DECIMAL(38, 10)) AS hi,
       -- made double before they are scaled: a large decimal takes ten times as long
       CAST(value AS DOUBLE) * factor AS dv,
       CAST(CASE WHEN half IS NULL THEN lower ELSE value - half END AS DOUBLE) * factor AS dlo,
       CAST(CASE WHEN half IS NULL THEN upper ELSE value + half END AS DOUBLE) * factor AS dhi
FROM scaled;
CREATE OR REPLACE TEMP VIEW amounts AS FROM all_amounts SEMI JOIN judged USING (dataset, vintage);
-- Levels of whole things: a figure stated only as a bound (over, under) is no level.
CREATE OR REPLACE TEMP VIEW all_levels AS
FROM all_amounts WHERE measure = 'value' AND qualifier NOT IN ('over', 'at_least', 'under', 'at_most');
CREATE OR REPLACE TEMP VIEW levels AS FROM all_levels SEMI JOIN judged USING (dataset, vintage);

-- Levels on a time axis: step counts years, quarters or months; season is the place in the year.
CREATE OR REPLACE TEMP VIEW timed AS
SELECT *, hash(dataset, vintage, table_id, geo, partner, flow, item, activity, mode, freq, basis, unit, adjustment)
              AS series,
       CAST(period[1:4] AS INTEGER) AS year,
       CASE freq WHEN 'A' THEN 0 WHEN 'Q' THEN CAST(period[7:7] AS INTEGER) - 1 ELSE CAST(period[6:7] AS INTEGER) - 1 END
           AS season,
       CASE freq WHEN 'A' THEN 1 WHEN 'Q' THEN 4 ELSE 12 END AS seasons,
       CAST(period[1:4] AS INTEGER) * seasons + season AS step
FROM levels
WHERE freq IN ('A', 'Q', 'M') AND flow <> 'N' AND len(period) IN (4, 7);

-- Which items a table prints: a rule looks for wholes and parts only where both are there at all.
CREATE OR REPLACE TEMP TABLE printed AS
SELECT DISTINCT dataset, vintage, table_id, item FROM levels WHERE flow <> 'N';

-- The series, one row each: what sorts and joins the figures themselves carries only its number.
CREATE OR REPLACE TEMP TABLE series AS
WITH keyed AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, activity, mode, freq, basis, unit, adjustment,
           count(*) AS periods, min(step) AS first_step, min(locator) AS first_locator
    FROM timed GROUP BY ALL
)
SELECT hash(dataset, vintage, table_id, geo, partner, flow, item, activity, mode, freq, basis, unit, adjustment) AS series,
       *,
       -- the same of every place
       hash(dataset, vintage, table_id, partner, flow, item, activity, mode, freq, basis, unit, adjustment) AS crowd
FROM keyed;

-- Each level beside that of the same season a year before. line: the series and its season.
CREATE OR REPLACE TEMP TABLE moves AS
WITH narrow AS (
    SELECT series, hash(series, season) AS line, year, period, locator, mult, dv AS v, dlo AS lo, dhi AS hi,
           contains(obs_status, 'B') AND list_contains(string_split(obs_status, ';'), 'B') AS is_break
    FROM timed
)
SELECT *, lag(v) OVER past AS before, lag(lo) OVER past AS lo_before, lag(hi) OVER past AS hi_before
FROM narrow
WINDOW past AS (PARTITION BY line ORDER BY year)
QUALIFY lag(year) OVER past = year - 1;
-- The same with what it is about; rate: the ratio of the two where both are above zero.
CREATE OR REPLACE TEMP VIEW changes AS
SELECT m.*, s.* EXCLUDE (series, periods, first_step, first_locator, crowd), 'value' AS measure,
       CASE WHEN v > 0 AND before > 0 THEN v / before END AS rate
FROM moves m JOIN series s USING (series);
