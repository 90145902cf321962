-- Levels of a large edition: one row per economy, flow, item, period and form, with all partners together. Where a figure
-- that belongs to a sum is missing, the sum has no value, and its lower end is what the others come to. Codes are
-- enumerations (a_geo, a_flow ...): small numbers that join and sort as such.

-- 0. What is the same for long stretches has one small number: frequency, basis, adjustment, price, unit. mult: amounts
--    of one unit are brought to the smallest power of ten that the edition has it in.
CREATE OR REPLACE TEMP TABLE forms AS
WITH met AS (
    SELECT freq, basis, adjustment, price, unit, min(unit_mult) AS least FROM cells
    WHERE flow IN ('X', 'M', 'T') AND price IN ('', 'current')
    GROUP BY ALL
)
SELECT CAST(row_number() OVER (ORDER BY freq, basis, adjustment, price, unit) AS SMALLINT) AS form, * EXCLUDE (least),
       min(least) OVER (PARTITION BY unit, price) AS mult
FROM met;

-- 1. The statuses of a cell together. What cannot exist is nothing, and misses nowhere.
CREATE OR REPLACE TEMP TABLE summed AS
WITH scaled AS (
    SELECT c.* REPLACE (CAST(geo AS a_geo) AS geo, TRY_CAST(flow AS a_flow) AS flow, CAST(item AS an_item) AS item,
                        CAST(period AS a_period) AS period),
           f.form, f.mult, m.statuses, CAST(pow(10, c.unit_mult - f.mult) AS BIGINT) AS factor,
           CASE WHEN (m.statuses & getvariable('law').empty) <> 0 THEN n - n_valued ELSE 0 END AS n_empty
    FROM cells c JOIN forms f USING (freq, basis, adjustment, price, unit) JOIN status_masks m USING (obs_status)
    WHERE c.flow IN ('X', 'M', 'T')
), added AS (
    SELECT geo, flow, item, period, form, is_world, CAST(sum(n) AS BIGINT) AS n, CAST(sum(n_valued) AS BIGINT) AS n_valued,
           CAST(sum(n_empty) AS BIGINT) AS n_empty, CAST(sum(n_below) AS BIGINT) AS n_below,
           CAST(sum(n_above) AS BIGINT) AS n_above, CAST(sum(CAST(total * factor AS amount)) AS amount) AS total,
           CAST(sum(CAST(below * factor AS amount)) AS amount) AS below, CAST(sum(CAST(above * factor AS amount)) AS amount) AS above,
           CASE WHEN bool_and(unit_mult = mult) THEN sum(square_heads) + sum(square_tails) END AS squares,
           bit_or(statuses) AS statuses, bool_or(has_negative) AS has_negative, bool_or(has_repeats) AS has_repeats
    FROM scaled
    GROUP BY ALL
)
SELECT * EXCLUDE (n_empty), n_valued + n_empty = n AND NOT has_repeats AS is_whole,
       n_below + n_empty = n AND n_below > 0 AND NOT has_repeats AS has_below,
       n_above + n_empty = n AND n_above > 0 AND NOT has_repeats AS has_above
FROM added;

-- 2. As printed with the world, else the sum over the partners.
CREATE OR REPLACE TEMP TABLE economies AS
SELECT CAST(code AS a_geo) AS geo FROM geographies
WHERE code IN (SELECT geo FROM cells) AND type IN ('country', 'territory', 'economy', 'former');

CREATE OR REPLACE TEMP TABLE own_levels AS
SELECT geo, flow, item, period, form, CASE WHEN is_whole AND n_valued > 0 THEN total END AS point,
       CASE WHEN has_below OR (NOT is_world AND NOT has_negative AND NOT has_repeats) THEN below END AS lo,
       CASE WHEN has_above THEN above END AS hi,
       statuses, n_valued / n AS coverage, has_repeats AS contested, n AS n_members, n_valued,
       CAST(CASE WHEN is_world THEN 'published' ELSE 'sum_of_partners' END AS a_method) AS method
FROM (
    FROM summed WHERE is_world
    UNION ALL
    FROM (FROM summed WHERE NOT is_world) s ANTI JOIN (FROM summed WHERE is_world) w USING (geo, flow, item, period, form)
);

-- 3. The world as printed, else the sum over all economies that the edition ever lists for the item: where one has not
--    reported, there is no value, so that the world does not jump.
CREATE OR REPLACE TEMP TABLE world_levels AS
WITH members AS (
    FROM own_levels SEMI JOIN economies USING (geo)
), ever AS (
    SELECT flow, item, form, count(DISTINCT geo) AS n_members FROM members GROUP BY ALL
), added AS (
    SELECT flow, item, period, form, sum(point) AS point, sum(lo) AS lo, sum(hi) AS hi, count(point) AS n_valued,
           count(hi) AS n_above, bit_or(statuses) AS statuses, bool_or(contested) AS contested
    FROM members ANTI JOIN (FROM own_levels WHERE geo = 'W') USING (flow, item, period, form)
    GROUP BY ALL
)
SELECT CAST('W' AS a_geo) AS geo, flow, item, period, form,
       CASE WHEN n_valued = n_members THEN CAST(point AS amount) END AS point, CAST(lo AS amount) AS lo,
       CASE WHEN n_above = n_members THEN CAST(hi AS amount) END AS hi,
       CASE WHEN n_valued = n_members THEN statuses ELSE statuses | status_bit('O') END AS statuses,
       n_valued / n_members AS coverage, contested, n_members, n_valued, CAST('sum_of_economies' AS a_method) AS method
FROM added JOIN ever USING (flow, item, form);

-- 4. A definition, where the edition has a row for each of its items: a sum of the items.
CREATE OR REPLACE TEMP TABLE members_of AS
WITH met AS (
    SELECT DISTINCT item FROM cells
)
SELECT CAST(item AS an_item) AS item, CAST('DEF:' || definition AS an_item) AS whole,
       count(*) OVER (PARTITION BY definition) AS n_members
FROM definitions
WHERE 'DEF:' || definition NOT IN (FROM met)
QUALIFY bool_and(item IN (FROM met)) OVER (PARTITION BY definition);

CREATE OR REPLACE TEMP TABLE flow_levels AS
WITH given AS (
    FROM own_levels UNION ALL FROM world_levels
), added AS (
    SELECT geo, flow, whole, period, form, n_members, sum(point) AS point, sum(lo) AS lo, sum(hi) AS hi,
           count(*) AS n_listed, count(point) AS n_valued, count(lo) AS n_below, count(hi) AS n_above,
           bit_or(statuses) AS statuses, bool_or(contested) AS contested
    FROM (SELECT * EXCLUDE (n_members) FROM given) JOIN members_of USING (item)
    GROUP BY ALL
)
FROM given
UNION ALL
SELECT geo, flow, whole, period, form, CASE WHEN n_valued = n_members THEN CAST(point AS amount) END,
       CASE WHEN n_below = n_members THEN CAST(lo AS amount) END,
       CASE WHEN n_above = n_members THEN CAST(hi AS amount) END,
       statuses, n_valued / n_members, contested, n_members, n_valued, CAST('sum_of_items' AS a_method)
FROM added
WHERE n_listed = n_members;

-- 5. Exports and imports side by side; both together as printed, else as their sum. p, p_lo and p_hi: the same as doubles,
--    for ratios.
CREATE OR REPLACE TEMP TABLE sides AS
SELECT x.geo, x.item, x.period, x.form, x.point AS x, x.lo AS x_lo, x.hi AS x_hi, m.point AS m, m.lo AS m_lo, m.hi AS m_hi,
       x.statuses | m.statuses AS statuses, (x.coverage + m.coverage) / 2 AS coverage,
       x.contested OR m.contested AS contested, CAST(x.point IS NOT NULL AS BIGINT) + CAST(m.point IS NOT NULL AS BIGINT) AS n_valued
FROM (FROM flow_levels WHERE flow = 'X') x
JOIN (FROM flow_levels WHERE flow = 'M') m USING (geo, item, period, form);

CREATE OR REPLACE TEMP TABLE core_measured AS
SELECT *, CAST(point AS DOUBLE) AS p, CAST(lo AS DOUBLE) AS p_lo, CAST(hi AS DOUBLE) AS p_hi
FROM (
    FROM flow_levels
    UNION ALL
    SELECT geo, CAST('T' AS a_flow), item, period, form, x + m, x_lo + m_lo, x_hi + m_hi, statuses, coverage, contested, 2,
           n_valued, CAST('sum' AS a_method)
    FROM sides ANTI JOIN (FROM flow_levels WHERE flow = 'T') USING (geo, item, period, form)
);

CREATE OR REPLACE TEMP TABLE core_levels AS
SELECT geo, flow, item, period, form, point AS value, lo AS lower, hi AS upper, statuses, coverage, method, n_members,
       n_valued, contested
FROM core_measured
UNION ALL
SELECT geo, CAST('N' AS a_flow), item, period, form, x - m, x_lo - m_hi, x_hi - m_lo, statuses, coverage,
       CAST('difference' AS a_method), 2, n_valued, contested
FROM sides;
