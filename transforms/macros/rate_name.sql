-- en: How near a code is to what was said, the greater the nearer: periods by distance in time, those of the same form
--     before others; all else by likeness of spelling, of the code or of its label in either language. A
--     code of as many signs of which one is another, or two are exchanged (CNH for CHN), is nearer than what begins alike.
-- zh: 代码与所说名称的接近程度，越大越近：时期按时间距离，同一写法者优先；其余按代码或中英文名称的拼写相似度；
--     位数相同而仅一字有误或两字对调的代码（CHN 误作 CNH）优先于开头相似的名称。
-- said en: What was said.
-- said zh: 所说的名称。
-- code en: The code.
-- code zh: 代码。
-- label_en en: Its English label.
-- label_en zh: 其英文名称。
-- label_zh en: Its Chinese label.
-- label_zh zh: 其中文名称。
CREATE MACRO main.rate_name(said, code, label_en, label_zh) AS (
    coalesce(CASE WHEN regexp_replace(said, '[0-9]', '9', 'g') = regexp_replace(code, '[0-9]', '9', 'g')
                  THEN 0 ELSE -10000 END - abs(place_in_time(said) - place_in_time(code)),
             greatest(CASE WHEN len(code) = len(said) AND damerau_levenshtein(lower(code), lower(said)) = 1
                           THEN 1 - 0.5 / len(code)
                                + CASE WHEN list_sort(string_split(lower(code), '')) = list_sort(string_split(lower(said), ''))
                                       THEN 0.05 ELSE 0 END END,
                      jaro_winkler_similarity(lower(code), lower(said)),
                      jaro_winkler_similarity(lower(label_en), lower(said)),
                      jaro_winkler_similarity(label_zh, said)))
);
