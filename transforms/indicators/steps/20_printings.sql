-- 1. Every printing of a level. lo and hi: the interval it stands for; a machine value without one is a point;
--    point is empty for a figure stated only as a bound (over, under). Amounts of one place, edition, scheme and unit
--    are brought to the smallest power of ten in use there, so that 万美元 and 亿美元 can be added exactly; aggregates
--    under a definition (DEF) go with the items that they are sums of.
CREATE OR REPLACE TEMP TABLE level_printings AS
WITH ten(power, factor) AS (
    SELECT p, CAST('1' || repeat('0', p) AS DECIMAL(19, 0)) FROM range(0, 19) r(p)
), scaled AS (
    SELECT o.*, m.statuses,
           min(unit_mult) OVER (PARTITION BY dataset, vintage, geo, unit, price,
               CASE WHEN starts_with(item, 'DEF:') THEN 'EBOPS2010' ELSE split_part(item, ':', 1) END) AS mult,
           CASE WHEN qualifier IN ('over', 'at_least', 'under', 'at_most') THEN NULL ELSE value END AS stated,
           CASE WHEN qualifier = '' AND lower IS NULL THEN value - cut_off(value) ELSE lower END AS low,
           CASE WHEN qualifier = '' AND upper IS NULL THEN value + cut_off(value) ELSE upper END AS high
    FROM observations o JOIN status_masks m USING (obs_status)
    WHERE measure IN ('value', 'count') AND activity = '_T' AND price IN ('', 'current')
      AND mode IN (SELECT mode FROM definition_modes)
)
SELECT s.* EXCLUDE (stated, low, high, unit_mult),
       CAST(stated * factor AS DECIMAL(38, 10)) AS point,
       CAST(low * factor AS DECIMAL(38, 10)) AS lo,
       CAST(high * factor AS DECIMAL(38, 10)) AS hi,
       dataset || '/' || vintage || '/' || locator || '=' || printed AS input
FROM scaled s JOIN ten ON ten.power = s.unit_mult - s.mult;

