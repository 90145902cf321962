-- One row for each change in a year in which a standard or a method changed: is the level broken there?
WITH known AS (
    SELECT b.year AS year, b.scheme AS scheme, b.dataset AS source, b.what AS what, b.what_zh AS what_zh FROM (SELECT unnest($breaks) AS b)
), logs AS (
    SELECT c.*, ln(c.rate) AS g, k.what, k.what_zh,
           CASE WHEN k.year IS NULL THEN ln(c.rate) END AS usual
    FROM changes c LEFT JOIN known k
      ON k.year = c.year AND (k.source = '' OR k.source = c.dataset) AND (k.scheme = '' OR k.scheme = split_part(c.item, ':', 1))
    WHERE c.rate IS NOT NULL
), centres AS (
    SELECT line, count(usual) AS n, median(usual) AS centre FROM logs GROUP BY line HAVING count(what) > 0
), spreads AS (
    SELECT line, median(abs(usual - centre)) AS mad FROM logs JOIN centres USING (line) GROUP BY line
), scored AS (
    SELECT l.*, n, mad, 0.6745 * abs(g - centre) / nullif(mad, 0) AS score
    FROM logs l JOIN centres USING (line) JOIN spreads USING (line)
    WHERE what IS NOT NULL
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN n < $changes OR mad = 0 THEN 'not_judged' WHEN score <= $z THEN 'pass'
            WHEN is_break THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN n < $changes THEN 'too_few' WHEN mad = 0 THEN 'no_spread' WHEN verdict = 'explained' THEN 'flagged'
            ELSE '' END AS reason,
       CASE WHEN score > $z THEN tell({says: 'times_in', rate: printf('%.4g', rate), what: what, what_zh: what_zh}) END AS found,
       CASE WHEN score > $z THEN tell({says: 'break', score: printf('%.3g', score), most: printf('%g', $z)}) END AS expected,
       score AS size
FROM scored
