-- en: The two editions of a dataset that are meant, one row: NULL stands for the last, or for the one before. A dataset
--     with one edition, and an edition that is not there, are refused.
-- zh: 所指数据集的两个版次，一行：NULL 表示最新者或其前一个。只有一个版次的数据集、不存在的版次均被拒绝。
-- dataset en: Publication: code or title.
-- dataset zh: 数据集：代码或题名。
-- from_vintage en: Earlier edition; NULL = the one before the later.
-- from_vintage zh: 先前版次；NULL 为后来版次之前一个。
-- to_vintage en: Later edition; NULL = the last.
-- to_vintage zh: 后来版次；NULL 为最新者。
CREATE MACRO main.edition_pair(dataset, from_vintage := NULL, to_vintage := NULL) AS TABLE
WITH known AS (
    SELECT d.dataset AS name, d.vintage AS v,
           -- as find_latest orders them: numbers as numbers
           row_number() OVER (PARTITION BY d.dataset
               ORDER BY list_transform(regexp_extract_all(d.vintage, '[0-9]+|[^0-9]+'),
                   lambda part: CASE WHEN regexp_full_match(part, '[0-9]+') THEN '1' || lpad(part, 20, '0')
                                     ELSE '0' || part END) DESC
           ) AS place
    FROM datasets d
    WHERE d.state <> 'blocked'
), said AS MATERIALIZED (
    SELECT k[1][1] AS name, nullif(k[2][1], 'latest') AS old, nullif(k[3][1], 'latest') AS new
    FROM (SELECT find_codes([['datasets', dataset], ['vintages', CAST(from_vintage AS VARCHAR)],
                             ['vintages', CAST(to_vintage AS VARCHAR)]]) AS k)
), ended AS (
    SELECT s.name, s.old, coalesce(s.new, k2.v) AS new
    FROM said s LEFT JOIN known k2 ON k2.name = s.name AND k2.place = 1
), asked AS (
    SELECT n.name, coalesce(n.old, before.v) AS old, n.new
    FROM ended n
    LEFT JOIN known last ON last.name = n.name AND last.v = n.new
    LEFT JOIN known before ON before.name = n.name AND before.place = last.place + 1
)
SELECT CASE WHEN a.name IS NULL THEN a.name
            WHEN a.old IS NULL AND EXISTS (FROM known x WHERE x.name = a.name AND x.v = a.new)
            THEN error(concat('there is no edition of ', a.name, ' before ', a.new, ' to compare it with'))
            WHEN NOT EXISTS (FROM known x WHERE x.name = a.name AND x.v = a.old)
              OR NOT EXISTS (FROM known y WHERE y.name = a.name AND y.v = a.new)
            THEN error(concat('there are no figures of ', a.name, ' ', concat_ws(' and ', a.old, a.new), '; its editions are ',
                              (SELECT string_agg(z.v, ', ' ORDER BY z.place DESC) FROM known z WHERE z.name = a.name)))
            ELSE a.name END AS dataset,
       a.old AS from_vintage, a.new AS to_vintage, d.title_en, d.title_zh
FROM asked a
LEFT JOIN datasets d ON d.dataset = a.name AND d.vintage = a.new;
