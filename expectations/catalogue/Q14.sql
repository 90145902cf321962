-- One row for each change in a year in which a standard or a method changed: is the level broken there?
CREATE OR REPLACE TEMP TABLE weighed AS
WITH known AS (
    SELECT b.year AS year, b.scheme AS scheme, b.dataset AS source, b.what AS what, b.what_zh AS what_zh
    FROM (SELECT unnest($breaks) AS b)
), lines AS (
    -- the series and the season of which a year of change is printed: of the others nothing is looked at
    SELECT DISTINCT place, item_no, year - 1000 AS year_no, what, what_zh
    FROM known k JOIN places p ON k.source = '' OR k.source = p.dataset
    JOIN coded_items i ON k.scheme = '' OR k.scheme = split_part(i.item, ':', 1)
), logs AS (
    SELECT cell, series_of(cell) AS series, period_of(cell) >> 11 AS season, rate, ln(rate) AS g,
           what, what_zh, CASE WHEN what IS NULL THEN g END AS usual
    FROM (SELECT * FROM rated SEMI JOIN lines l ON l.place = place_of(cell)) m
    LEFT JOIN lines l
      ON l.place = place_of(cell) AND l.item_no = item_of(cell) AND l.year_no = period_of(cell) & 2047
), centres AS (
    SELECT series, season, count(usual) AS n, median(usual) AS centre FROM logs GROUP BY ALL HAVING count(what) > 0
), spreads AS (
    SELECT series, season, median(abs(usual - centre)) AS mad FROM logs JOIN centres USING (series, season) GROUP BY ALL
), scored AS (
    SELECT l.*, n, mad, 0.6745 * abs(g - centre) / nullif(mad, 0) AS score,
           list_contains(string_split(obs_status, ';'), 'B') AS is_break
    FROM logs l JOIN centres USING (series, season) JOIN spreads USING (series, season)
    JOIN (SELECT cell, status_no FROM figures WHERE is_level) USING (cell) JOIN coded_statuses USING (status_no)
    WHERE what IS NOT NULL
)
SELECT place_of(cell) AS place, item_of(cell) AS item_no, period_of(cell) AS period_no, rate, score, what, what_zh,
       score AS size,
       CASE WHEN n < $changes OR mad = 0 THEN 'not_judged' WHEN score <= $z THEN 'pass'
            WHEN is_break THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN n < $changes THEN 'too_few' WHEN mad = 0 THEN 'no_spread' WHEN verdict = 'explained' THEN 'flagged'
            ELSE '' END AS reason
FROM scored;

SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN score > $z THEN tell({says: 'times_in', rate: printf('%.4g', rate), what: what, what_zh: what_zh}) END AS found,
       CASE WHEN score > $z THEN tell({says: 'break', score: printf('%.3g', score), most: printf('%g', $z)}) END AS expected,
       size
FROM told
