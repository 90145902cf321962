-- Words that the steps below share.

-- Statuses are bits of a number, the strongest the lowest, so that those of several inputs are one OR (SDMX precedence;
-- the list obs_status says what each does to an indicator). status_text gives them back as 'E;P'.
SET VARIABLE status_codes = (SELECT list(code ORDER BY precedence) FROM obs_status);
CREATE OR REPLACE TEMP TABLE status_masks AS
WITH met AS (SELECT DISTINCT obs_status FROM observations)
SELECT obs_status, bit_or(s.bit) AS statuses
FROM (SELECT obs_status, unnest(string_split(obs_status, ';')) AS code FROM met) m JOIN obs_status s USING (code)
GROUP BY obs_status;
-- What definitions consist of: items of all modes of supply together, or of one mode; levels are taken of these modes.
CREATE OR REPLACE TEMP TABLE definition_parts AS
SELECT definition, item, mode FROM definitions
UNION ALL
SELECT definition, item, mode FROM definitions_by_mode;
CREATE OR REPLACE TEMP TABLE definition_modes AS
SELECT '_T' AS mode UNION SELECT mode FROM definition_parts;
SET VARIABLE status_bits = (SELECT map(list(code), list(bit)) FROM obs_status);
CREATE OR REPLACE TEMP MACRO status_bit(status) AS (getvariable('status_bits')[status]);
CREATE OR REPLACE TEMP MACRO status_bits(codes) AS (
    list_reduce(list_transform(string_split(codes, ';'), lambda code: status_bit(code)), lambda a, b: a | b)
);
CREATE OR REPLACE TEMP MACRO status_text(bits) AS (
    array_to_string(list_transform(list_filter(range(0, len(getvariable('status_codes'))),
                                               lambda i: (bits >> i) & 1 = 1),
                                   lambda i: getvariable('status_codes')[i + 1]), ';')
);
-- The statuses that a figure has by whether there is one: a figure has none of missing values, what is missing none of
-- figures; A stands alone, O where no other says why there is none.
SET VARIABLE law = (
    SELECT {beside_value: bit_or(bit) FILTER (WHERE value_rule <> 'forbidden' AND code <> 'A'),
            beside_none: bit_or(bit) FILTER (WHERE value_rule <> 'required'),
            missing: bit_or(bit) FILTER (WHERE value_rule = 'forbidden'),
            empty: bit_or(bit) FILTER (WHERE effect = 'nothing'),
            elsewhere: bit_or(bit) FILTER (WHERE effect = 'elsewhere'),
            broken: bit_or(bit) FILTER (WHERE effect = 'break')}
    FROM obs_status
);
CREATE OR REPLACE TEMP MACRO lawful(bits, has_value) AS (
    CASE WHEN has_value AND (bits & getvariable('law').beside_value) <> 0 THEN bits & getvariable('law').beside_value
         WHEN has_value THEN status_bit('A')
         WHEN (bits & getvariable('law').missing) <> 0 THEN bits & getvariable('law').beside_none
         ELSE (bits & getvariable('law').beside_none) | status_bit('O') END
);

-- A note whose parts each stand once, where they stood first: both sides of a ratio or a change may say the same.
CREATE OR REPLACE TEMP MACRO said_once(note) AS (
    array_to_string(list_filter(string_split(note, '; '),
                                lambda part, place: list_position(string_split(note, '; '), part) = place), '; ')
);

-- How far an unrounded value may lie from what is held of it: workbooks hold fifteen digits, the observations ten
-- decimals. Of a value with fewer than nine decimals all is held.
CREATE OR REPLACE TEMP MACRO cut_off(v) AS CAST(
    CASE WHEN v % CAST('0.00000001' AS DECIMAL(38, 10)) <> 0
         THEN greatest(1e-10, pow(10.0, floor(log10(abs(CAST(v AS DOUBLE)))) - 14)) ELSE 0 END AS DECIMAL(38, 10));
-- The nearest number to v that the interval allows (an empty end is open).
CREATE OR REPLACE TEMP MACRO nearest(v, lo, hi) AS (CASE WHEN v IS NOT NULL THEN least(greatest(v, lo), hi) END);

-- The same for a number that need not be there: an empty one is the upper end.
CREATE OR REPLACE TEMP MACRO between_ends(v, lo, hi) AS greatest(lo, least(v, hi));

-- The lower end for a ratio: what is not printed as negative is held not to be negative.
CREATE OR REPLACE TEMP MACRO not_below_zero(lo) AS (CASE WHEN lo < 0 THEN 0 ELSE lo END);
-- The lower end of an amount that is not negative: nothing is known of what has no end at all.
CREATE OR REPLACE TEMP MACRO above_zero(lo, hi) AS (
    CASE WHEN lo IS NOT NULL OR hi IS NOT NULL THEN greatest(lo, CAST(0 AS DECIMAL(38, 10))) END
);

-- The ends of a range at ten decimals, rounded outward so that the range is never narrower; decimals stay exact. From
-- 100,000 on ten decimals are finer than a double: such an end goes one step of a double outward.
CREATE OR REPLACE TEMP MACRO rounded_down(v) AS (
    CASE WHEN typeof(v) = 'DOUBLE' AND abs(CAST(v AS DOUBLE)) >= 1e5
         THEN CAST(CAST(v AS DOUBLE) - abs(CAST(v AS DOUBLE)) * 2.3e-16 AS DECIMAL(38, 10))
         WHEN typeof(v) = 'DOUBLE' THEN CAST(floor(CAST(v AS DOUBLE) * 1e10) / 1e10 AS DECIMAL(38, 10))
         ELSE CAST(v AS DECIMAL(38, 10)) END
);
CREATE OR REPLACE TEMP MACRO rounded_up(v) AS (
    CASE WHEN typeof(v) = 'DOUBLE' AND abs(CAST(v AS DOUBLE)) >= 1e5
         THEN CAST(CAST(v AS DOUBLE) + abs(CAST(v AS DOUBLE)) * 2.3e-16 AS DECIMAL(38, 10))
         WHEN typeof(v) = 'DOUBLE' THEN CAST(ceil(CAST(v AS DOUBLE) * 1e10) / 1e10 AS DECIMAL(38, 10))
         ELSE CAST(v AS DECIMAL(38, 10)) END
);
