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

-- What is printed of flows, narrow: every rule that every figure goes into reads numbers alone. Texts and locators are
-- fetched for what it tells (tell.sql). A figure's cell is one number: place (table, places and all that is no item or
-- period), item and period, so that figures in the order of their cells are series in the order of time.
CREATE OR REPLACE TEMP MACRO place_of(cell) AS (cell >> 32);
CREATE OR REPLACE TEMP MACRO item_of(cell) AS ((cell >> 16) & 65535);
CREATE OR REPLACE TEMP MACRO period_of(cell) AS (cell & 65535);
CREATE OR REPLACE TEMP MACRO series_of(cell) AS (cell >> 16);
-- The series and the season: where only the year differs.
CREATE OR REPLACE TEMP MACRO line_of(cell) AS (cell >> 11);
-- Of years, quarters and months (coded_periods): how many a year has of them, and their number in the order of time.
CREATE OR REPLACE TEMP MACRO seasons_of(period_no) AS (
    CASE WHEN period_no >> 11 = 0 THEN 1 WHEN period_no >> 11 < 5 THEN 4 ELSE 12 END
);
CREATE OR REPLACE TEMP MACRO step_of(period_no) AS (
    (period_no & 2047) * seasons_of(period_no)
        + CASE WHEN period_no >> 11 = 0 THEN 0 WHEN period_no >> 11 < 5 THEN (period_no >> 11) - 1 ELSE (period_no >> 11) - 5 END
);
-- The place and the period of a cell, whatever the item.
CREATE OR REPLACE TEMP MACRO spot_of(cell) AS (((cell >> 32) << 16) | (cell & 65535));
CREATE OR REPLACE TEMP MACRO make_cell(place, item, period) AS (
    (CAST(place AS BIGINT) << 32) | (CAST(item AS BIGINT) << 16) | CAST(period AS BIGINT)
);
CREATE OR REPLACE TEMP MACRO is_level(measure, value, unit_mult, price, qualifier) AS (
    measure = 'value' AND value IS NOT NULL AND unit_mult BETWEEN -3 AND 15 AND price IN ('', 'current')
    AND qualifier NOT IN ('over', 'at_least', 'under', 'at_most')
);
CREATE OR REPLACE TEMP VIEW valued AS
SELECT *,
       -- each column by itself: of a column with few values, each is hashed once
       hash(hash(dataset, vintage, table_id, activity, mode, freq, basis, unit, adjustment), hash(geo), hash(partner),
            hash(flow)) AS place_hash,
       hash(item) AS item_hash, hash(hash(freq), hash(period)) AS period_hash
FROM observations
WHERE $judged AND measure = 'value' AND flow <> 'N';

-- crowd: the same of every place.
CREATE OR REPLACE TEMP TABLE places AS
SELECT CAST(row_number() OVER (ORDER BY dataset, vintage, table_id, geo, partner, flow, activity, mode, freq, basis, unit,
                               adjustment) AS INTEGER) AS place, *,
       CAST(dense_rank() OVER (ORDER BY dataset, vintage, table_id, partner, flow, activity, mode, freq, basis, unit,
                               adjustment) AS INTEGER) AS crowd
FROM (SELECT DISTINCT dataset, vintage, table_id, geo, partner, flow, activity, mode, freq, basis, unit, adjustment,
             place_hash
      FROM valued);
CREATE OR REPLACE TEMP TABLE coded_items AS
SELECT CAST(row_number() OVER (ORDER BY item) AS USMALLINT) AS item_no, item, hash(item) AS item_hash
FROM (SELECT DISTINCT item FROM valued);
-- Years, quarters and months have the numbers season * 2048 + year - 1000, so that the same season of the year before is
-- the number before; all others have the numbers from 34816 on, and no period at all 65535.
CREATE OR REPLACE TEMP TABLE coded_periods AS
WITH listed AS (
    SELECT *, CASE WHEN freq IN ('A', 'Q', 'M') AND len(period) IN (4, 7)
                   THEN CAST(period[1:4] AS INTEGER) BETWEEN 1001 AND 3046 ELSE false END AS is_timed
    FROM (SELECT DISTINCT freq, period FROM valued)
)
SELECT CAST(CASE WHEN is_timed
                 THEN CASE freq WHEN 'A' THEN 0 WHEN 'Q' THEN CAST(period[7:7] AS INTEGER)
                                ELSE 4 + CAST(period[6:7] AS INTEGER) END * 2048 + CAST(period[1:4] AS INTEGER) - 1000
                 WHEN period = '' THEN 65535
                 ELSE 34815 + row_number() OVER (PARTITION BY is_timed, period = '' ORDER BY freq, period) END
            AS USMALLINT) AS period_no,
       freq, period, hash(hash(freq), hash(period)) AS period_hash
FROM listed;
CREATE OR REPLACE TEMP TABLE coded_statuses AS
SELECT CAST(row_number() OVER (ORDER BY obs_status) AS USMALLINT) AS status_no, obs_status,
       hash(obs_status) AS status_hash
FROM (SELECT DISTINCT obs_status FROM valued);

-- An amount as a whole number of a unit, mult powers of ten below that of the figure ($whole is one of the two, as
-- expectations/checks.py finds): as 64 bits, refused where it has a part left over, ...
CREATE OR REPLACE TEMP MACRO near_whole(x, mult) AS (
    CAST(round(CAST(x AS DOUBLE) * ([1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
                                     1e17, 1e18])[mult + 1]) AS BIGINT)
);
CREATE OR REPLACE TEMP MACRO narrow(x, mult) AS (
    CASE WHEN x = CAST(near_whole(x, mult) AS DECIMAL(27, 0))
                  * (CAST(['1', '0.1', '0.01', '0.001', '0.0001', '0.00001', '0.000001', '0.0000001', '0.00000001',
                           '0.000000001', '0.0000000001'] AS DECIMAL(11, 10)[]))[mult + 1] THEN near_whole(x, mult)
         WHEN x IS NOT NULL THEN error('an amount is not whole') END
);
-- ... or as a decimal.
CREATE OR REPLACE TEMP MACRO wide(x, mult) AS (
    CAST(x * ([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
               1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
               100000000000000000, 1000000000000000000])[mult + 1] AS DECIMAL(38, 10))
);
-- v, lo, hi: as above, but whole numbers of a unit that all of them are whole numbers of; mult: the power of ten printed, in
-- that unit. An interval of half a printed unit on each side, as nearly all are, needs no scaling of its own.
CREATE OR REPLACE TEMP TABLE figures AS
WITH scaled AS (
    SELECT place_hash, item_hash, period_hash, hash(obs_status) AS status_hash, value, lower, upper, decimals,
           unit_mult + $mult AS mult, is_level(measure, value, unit_mult, price, qualifier) AS is_level,
           value IS NOT NULL AND unit_mult BETWEEN -3 AND 15 AND price IN ('', 'current') AS is_amount,
           value IS NOT NULL OR qualifier <> '' AS is_given, value IS NOT NULL AS has_value,
           CASE WHEN is_amount AND qualifier = '' AND lower IS NULL AND upper IS NULL THEN $half END AS half,
           CASE WHEN is_amount THEN $whole(value, mult) END AS v,
           CASE WHEN mult > decimals
                THEN (CAST(['0.5', '0.05', '0.005', '0.0005', '0.00005', '0.000005', '0.0000005', '0.00000005', '0.000000005',
                            '0.0000000005'] AS DECIMAL(38, 10)[]))[decimals + 1] END AS half_printed,
           ([5, 50, 500, 5000, 50000, 500000, 5000000, 50000000, 500000000, 5000000000, 50000000000, 500000000000,
             5000000000000, 50000000000000, 500000000000000, 5000000000000000, 50000000000000000,
             500000000000000000])[mult - decimals] AS half_unit
    FROM valued
)
SELECT make_cell(place, item_no, period_no) AS cell, v,
       CASE WHEN value - lower = half_printed THEN v - half_unit
            WHEN is_amount THEN $whole(CASE WHEN half IS NULL THEN lower ELSE value - half END, mult) END AS lo,
       CASE WHEN upper - value = half_printed THEN v + half_unit
            WHEN is_amount THEN $whole(CASE WHEN half IS NULL THEN upper ELSE value + half END, mult) END AS hi,
       CAST(mult AS TINYINT) AS mult, status_no, is_level, is_given, has_value
FROM scaled
JOIN places USING (place_hash) JOIN coded_items USING (item_hash) JOIN coded_periods USING (period_hash)
JOIN coded_statuses USING (status_hash)
ORDER BY cell, v;

-- Such an amount in its currency or count again, and excess of such amounts.
CREATE OR REPLACE TEMP MACRO in_units(v) AS (CAST(v AS DOUBLE) / pow(10.0, $mult));
CREATE OR REPLACE TEMP MACRO excess_of(a, b) AS (
    abs(CAST(a AS DOUBLE) - CAST(b AS DOUBLE)) / greatest(abs(CAST(b AS DOUBLE)), 1e-9 * pow(10.0, $mult - 3))
);

-- Each level beside that of the same season a year before.
CREATE OR REPLACE TEMP VIEW moves AS
SELECT * EXCLUDE (cell_before)
FROM (SELECT cell, v, lo, hi, mult, status_no, lag(cell) OVER () AS cell_before, lag(v) OVER () AS before,
             lag(lo) OVER () AS lo_before, lag(hi) OVER () AS hi_before
      FROM figures WHERE is_level AND period_of(cell) < 34816)
WHERE cell_before = cell - 1;

-- The changes between two that are above zero. rate: the ratio of the two, amount: the larger; blur: the ratio of the largest
-- and the smallest that the rate can be, NULL where an interval is open or reaches zero.
CREATE OR REPLACE TEMP TABLE rated AS
SELECT cell, CAST(v AS DOUBLE) / before AS rate, CAST(greatest(v, before) AS DOUBLE) AS amount,
       CASE WHEN lo > 0 AND lo_before > 0 THEN (CAST(hi AS DOUBLE) / lo_before) * (CAST(hi_before AS DOUBLE) / lo) END AS blur
FROM moves WHERE v > 0 AND before > 0;

-- The cells that are to be told of (weighing/keep.sql).
CREATE OR REPLACE TEMP TABLE meant (cell BIGINT);
