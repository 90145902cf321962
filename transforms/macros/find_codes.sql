-- en: The codes behind what is asked for: a list of codes for each pair of a list of the view codes and a code, a label
--     in either language or an alias, several joined by +. An unknown name is refused, with the nearest ones; a label
--     of several codes is refused, with all of them. Of the list times is every period, whether there are figures of it
--     or not. What is NULL gives NULL: no restriction.
-- zh: 由所问内容查得的代码：对每一对（codes 视图中的代码表，代码、中英文名称或别名，多个以 + 相连）给出代码列表。不认识的名称会被拒绝并列出最相近者；一名多码者同样拒绝。times 表含一切时期，无论有无数字。NULL 得 NULL，即不加限制。
-- pairs en: Pairs such as [['geographies', 'Guangzhou'], ['items', NULL]].
-- pairs zh: 成对的列表，如 [['geographies', '广州'], ['items', NULL]]。
CREATE MACRO main.find_codes(pairs) AS (
    WITH asked AS (
        SELECT pair[1] AS list, CAST(pair[2] AS VARCHAR) AS said, place
        FROM (SELECT unnest(pairs) AS pair, generate_subscripts(pairs, 1) AS place)
    ), names AS (
        -- a code that has a + in it is one code
        SELECT a.list, a.place,
               trim(unnest(CASE WHEN (a.list = 'times' AND a.said IS NOT NULL)
                                  OR EXISTS (SELECT 1 FROM codes c WHERE c.list = a.list AND c.code = a.said)
                                THEN [a.said] ELSE string_split(a.said, '+') END)) AS name
        FROM asked a
    ), found AS (
        SELECT n.list, n.place, n.name,
               bool_or(coalesce(c.code = n.name, n.list = 'times' AND place_in_time(n.name) IS NOT NULL)) AS is_code,
               list(c.code ORDER BY c.code) FILTER (WHERE c.code IS NOT NULL) AS hits
        FROM names n
        LEFT JOIN codes c ON c.list = n.list AND (c.code = n.name OR list_contains(c.names, lower(n.name)))
        GROUP BY ALL
    ), rated AS (
        SELECT f.place, f.name, c.code, c.label_en,
               rate_name(f.name, c.code, c.label_en, c.label_zh) AS nearness
        FROM found f
        JOIN codes c ON c.list = CASE WHEN f.list = 'times' THEN 'periods' ELSE f.list END
        WHERE f.hits IS NULL AND NOT f.is_code
    ), nearest AS (
        -- below 0.7 a spelling has nothing in common with the name; a distance in time is below zero
        SELECT r.place, r.name,
               concat('nearest: ', array_to_string(
                   list(r.code || coalesce(' (' || nullif(nullif(r.label_en, ''), r.code) || ')', '')
                        ORDER BY r.nearness DESC, r.code)[:3], ', ')) AS shown
        FROM rated r
        WHERE r.nearness >= 0.7 OR r.nearness < 0
        GROUP BY ALL
    ), answers AS (
        SELECT f.place,
               list(CASE WHEN f.is_code THEN f.name
                         WHEN f.hits IS NULL AND f.list = 'times'
                         THEN error(concat('''', f.name, ''' is no period, which is written like 2020, 2020-Q3, 2020-07 ',
                                           'or 2020-07-31', coalesce('; ' || n.shown, '')))
                         WHEN f.hits IS NULL
                         THEN error(concat('there is no ''', f.name, ''' in the list ', f.list, '; ',
                                           coalesce(n.shown, concat('nothing is spelled like it: see from codes where list = ''',
                                                                    f.list, ''''))))
                         WHEN len(f.hits) > 1
                         THEN error(concat('''', f.name, ''' is the name of several codes of the list ', f.list, ': ',
                                           array_to_string(f.hits, ', '), '; give the code'))
                         ELSE f.hits[1] END ORDER BY f.name) AS codes
        FROM found f
        LEFT JOIN nearest n ON n.place = f.place AND n.name = f.name
        GROUP BY f.place
    )
    SELECT list(w.codes ORDER BY a.place) FROM asked a LEFT JOIN answers w ON w.place = a.place
);
