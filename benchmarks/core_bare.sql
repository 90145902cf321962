-- The same figures as one would write them by hand over the stored files: sums in double precision; no status, no range, no
-- coverage, nothing checked of what is missing, nothing sorted.
CREATE TEMP TABLE own AS
SELECT geo, flow, item, period, basis, CAST(sum(value) AS DOUBLE) AS v,
       sum(CAST(value AS DOUBLE) * CAST(value AS DOUBLE)) / pow(CAST(sum(value) AS DOUBLE), 2) AS among_partners
FROM read_parquet('{source}/*.parquet')
GROUP BY ALL;
CREATE TEMP TABLE reported AS
SELECT geo, flow, item, period, basis, v FROM own
UNION ALL
SELECT 'W', flow, item, period, basis, sum(v) FROM own GROUP BY ALL;
CREATE TEMP TABLE with_definition AS
FROM reported
UNION ALL
SELECT geo, flow, 'DEF:dds6', period, basis, sum(v) FROM reported
WHERE item IN ('EBOPS2010:SF', 'EBOPS2010:SG', 'EBOPS2010:SH', 'EBOPS2010:SI', 'EBOPS2010:SJ', 'EBOPS2010:SK')
GROUP BY ALL;
CREATE TEMP TABLE sides AS
SELECT geo, item, period, basis, max(v) FILTER (WHERE flow = 'X') AS x, max(v) FILTER (WHERE flow = 'M') AS m
FROM with_definition GROUP BY ALL;
CREATE TEMP TABLE levels AS
FROM with_definition UNION ALL SELECT geo, 'T', item, period, basis, x + m FROM sides;
CREATE TEMP TABLE shares AS
SELECT l.*, s.v AS s, l.v / s.v * 100 AS share
FROM levels l JOIN (FROM levels WHERE item = 'EBOPS2010:S') s USING (geo, flow, period, basis)
WHERE l.item <> 'EBOPS2010:S';
COPY (
    SELECT 'level' AS indicator, * FROM levels
    UNION ALL SELECT 'level', geo, 'N', item, period, basis, x - m FROM sides
    UNION ALL SELECT 'export_orientation', geo, 'N', item, period, basis, x / (x + m) FROM sides
    UNION ALL SELECT 'share', geo, flow, item, period, basis, share FROM shares
    UNION ALL
    SELECT 'world_share', l.geo, flow, item, period, basis, l.v / w.v * 100
    FROM levels l JOIN (FROM levels WHERE geo = 'W') w USING (flow, item, period, basis)
    WHERE l.geo <> 'W'
    UNION ALL
    SELECT 'growth', l.geo, l.flow, l.item, l.period, l.basis, (l.v / e.v - 1) * 100
    FROM levels l JOIN levels e ON e.geo = l.geo AND e.flow = l.flow AND e.item = l.item AND e.basis = l.basis
     AND CAST(e.period AS INTEGER) = CAST(l.period AS INTEGER) - 1
    UNION ALL
    SELECT 'rca', s.geo, flow, item, period, basis, s.share / w.share
    FROM shares s JOIN (FROM shares WHERE geo = 'W') w USING (flow, item, period, basis)
    WHERE flow = 'X' AND s.geo <> 'W'
    UNION ALL
    SELECT 'hhi', geo, flow, 'EBOPS2010:S', period, basis, sum(v * v) / pow(sum(v), 2)
    FROM shares WHERE item NOT LIKE 'DEF%' GROUP BY ALL
    UNION ALL
    SELECT 'market_concentration', 'W', flow, item, period, basis, sum(v * v) / pow(sum(v), 2)
    FROM levels WHERE geo <> 'W' GROUP BY ALL
    UNION ALL
    SELECT 'market_concentration', geo, flow, item, period, basis, among_partners FROM own
) TO '{target}' (COMPRESSION zstd);
