-- en: How near a code is to what was said, the greater the nearer: periods by distance in time, those of the same form
--     before others; all else by likeness of spelling, of the code or of its label in either language.
-- zh: 代码与所说名称的接近程度，越大越近：时期按时间距离，同一写法者优先；其余按代码或中英文名称的拼写相似度。
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
             greatest(jaro_winkler_similarity(lower(code), lower(said)),
                      jaro_winkler_similarity(lower(label_en), lower(said)),
                      jaro_winkler_similarity(label_zh, said)))
);
