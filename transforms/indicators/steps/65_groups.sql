-- 4b. Groups of economies or cities that the list group_members knows (members on the last day of the period), summed from
--     what an edition has of their members. What a member without a value would weigh is judged by its share in the sum
--     of the members when it last (else next) had one: a sum must not jump because one large member has not reported.
--     With a single partner a group is only asked for where the edition lists two of its members: trade of one economy by
--     partner is not about the groups it is in.
CREATE OR REPLACE TEMP TABLE group_panels AS
WITH member_levels AS (
    SELECT g.group_code, m.*,
           substr(period, 1, 4) || CASE WHEN freq = 'A' THEN '-12-31' WHEN freq = 'M' THEN substr(period, 5) || '-31'
                WHEN right(period, 1) IN ('1', '4') THEN CASE right(period, 1) WHEN '1' THEN '-03-31' ELSE '-12-31' END
                WHEN right(period, 1) = '2' THEN '-06-30' ELSE '-09-30' END AS day
    FROM measured m JOIN (SELECT DISTINCT group_code, member FROM group_members) g ON g.member = m.geo
    WHERE m.measure = 'value' AND m.price = 'current' AND m.is_whole AND m.flow IN ('X', 'M', 'T')
      AND m.freq IN ('A', 'Q', 'M') AND NOT contains(m.period, '/')
      AND (starts_with(m.item, 'EBOPS2010:') OR starts_with(m.item, 'DEF:'))
    WINDOW members AS (PARTITION BY g.group_code, m.dataset, m.vintage, m.partner, m.flow, m.item, m.basis, m.unit,
                                    m.adjustment)
    QUALIFY m.partner = 'W' OR min(m.geo) OVER members <> max(m.geo) OVER members
), asked AS (
    SELECT DISTINCT group_code, dataset, vintage, partner, flow, item, definition, period, freq, basis, unit, adjustment, day
    FROM member_levels
), scaled AS (
    -- members may stand in different powers of ten
    SELECT *, max(mult) OVER (PARTITION BY group_code, dataset, vintage, partner, flow, item, basis, unit, adjustment) AS top
    FROM member_levels
), panel AS (
    SELECT a.*, g.member, l.top AS mult,
           CAST(l.point * pow(10.0, l.mult - l.top) AS DECIMAL(38, 10)) AS point,
           CAST(l.lo * pow(10.0, l.mult - l.top) AS DECIMAL(38, 10)) AS lo,
           CAST(l.hi * pow(10.0, l.mult - l.top) AS DECIMAL(38, 10)) AS hi,
           CASE WHEN l.statuses IS NULL THEN status_bit('O') ELSE l.statuses END AS statuses,
           coalesce(l.contested, false) AS contested, l.inputs
    FROM asked a
    JOIN group_members g ON g.group_code = a.group_code AND g.valid_from <= a.day
     AND (g.valid_to = '' OR g.valid_to >= a.day)
    LEFT JOIN scaled l
      ON (l.group_code, l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.period, l.basis, l.unit, l.adjustment)
       = (a.group_code, a.dataset, a.vintage, g.member, a.partner, a.flow, a.item, a.period, a.basis, a.unit, a.adjustment)
), shared AS (
    SELECT *, CAST(point AS DOUBLE) / nullif(CAST(sum(point) OVER (
               PARTITION BY group_code, dataset, vintage, partner, flow, item, period, basis, unit, adjustment) AS DOUBLE), 0)
           AS share
    FROM panel
)
SELECT *, max(mult) OVER (PARTITION BY group_code, dataset, vintage, partner, flow, item, basis, unit, adjustment) AS group_mult,
       CASE WHEN point IS NULL THEN coalesce(
           last_value(share IGNORE NULLS) OVER (history ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
           first_value(share IGNORE NULLS) OVER (history ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) END AS lost_share
FROM shared
WINDOW history AS (PARTITION BY group_code, dataset, vintage, member, partner, flow, item, freq, basis, unit, adjustment
                   ORDER BY period);

CREATE OR REPLACE TEMP TABLE group_sums AS
SELECT group_code, dataset, vintage, partner, flow, item, max(definition) AS definition, period, freq, basis, unit,
       adjustment, max(group_mult) AS mult, count(*) AS n_members, count(point) AS n_known, sum(point) AS point,
       sum(lo) AS lo, CASE WHEN count(hi) = count(*) THEN sum(hi) END AS hi, bool_or(lo < 0) AS may_be_negative,
       -- a member that never had a value may weigh anything: then members are counted
       CASE WHEN count(*) FILTER (WHERE point IS NULL AND lost_share IS NULL) > 0 THEN count(point) / count(*)
            ELSE 1 - CAST(sum(CAST(CASE WHEN point IS NULL THEN lost_share ELSE 0 END AS DECIMAL(38, 15))) AS DOUBLE) END
           AS coverage,
       bit_or(statuses) AS statuses, bool_or(contested) AS contested,
       array_to_string(list_sort(list(member) FILTER (WHERE point IS NULL)), ' ') AS lost,
       flatten(list(inputs) FILTER (WHERE inputs IS NOT NULL)) AS inputs
FROM group_panels
GROUP BY ALL
HAVING count(point) > 0;
