-- en: What changed between two editions of a dataset, figure by figure: each printed figure (key without edition) and each
--     indicator value, with value and status before and after in one unit, the kind of change, and what it is due to.
--     A figure that is the same in value is unchanged, however it is written.
-- zh: 同一数据集两个版次之间的逐项变化：每个印刷数字（键不含版次）与每个指标值，列出前后数值与状态（统一单位）、变化类型及其原因。数值相同即为未变，不论写法。
-- dataset en: Publication: code or title.
-- dataset zh: 数据集：代码或题名。
-- from_vintage en: Earlier edition; NULL = the one before the later.
-- from_vintage zh: 先前版次；NULL 为后来版次之前一个。
-- to_vintage en: Later edition; NULL = the last.
-- to_vintage zh: 后来版次；NULL 为最新者。
-- source en: The view that the observations are taken from, such as all_observations of the command line.
-- source zh: 观测值所取自的视图，例如命令行中的 all_observations。
-- computed en: The view that the indicators are taken from.
-- computed zh: 指标值所取自的视图。
-- otherwise en: What a figure is due to that is printed alike but read otherwise: mapping, or code.
-- otherwise zh: 印刷相同而读法不同者归于何因：mapping（映射）或 code（程序）。
-- anew en: What a computed value is due to whose cells are all the same: code, or mapping.
-- anew zh: 所依据单元格均未变化而数值不同者归于何因：code（程序）或 mapping（映射）。
-- unexplained en: What all else is due to: source, the publisher.
-- unexplained zh: 其余变化归于何因：source（发布者）。
CREATE MACRO main.revisions(
    dataset, from_vintage := NULL, to_vintage := NULL, source := 'observations', computed := 'indicators',
    otherwise := 'mapping', anew := 'code', unexplained := 'source'
) AS TABLE
WITH pair AS MATERIALIZED (
    SELECT e.dataset AS name, e.from_vintage AS old, e.to_vintage AS new
    FROM edition_pair(dataset, from_vintage, to_vintage) e
), corrected AS (
    SELECT DISTINCT c.vintage, c.table_id, c.locator FROM corrections c JOIN pair p ON c.dataset = p.name
), old_figures AS MATERIALIZED (
    SELECT o.*, regexp_replace(o.locator, '^[^!]+', '') AS place, c.locator IS NOT NULL AS is_corrected
    FROM query_table(source) o
    JOIN pair p ON o.dataset = p.name AND o.vintage = p.old
    LEFT JOIN corrected c ON c.vintage = o.vintage AND c.table_id = o.table_id AND c.locator = o.locator
), new_figures AS MATERIALIZED (
    SELECT o.*, regexp_replace(o.locator, '^[^!]+', '') AS place, c.locator IS NOT NULL AS is_corrected
    FROM query_table(source) o
    JOIN pair p ON o.dataset = p.name AND o.vintage = p.new
    LEFT JOIN corrected c ON c.vintage = o.vintage AND c.table_id = o.table_id AND c.locator = o.locator
), figures AS (
    SELECT table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure, basis, price, unit,
           adjustment, reference,
           o.locator AS locator_before, n.locator AS locator_after, o.printed AS printed_before,
           n.printed AS printed_after, o.obs_status AS status_before, n.obs_status AS status_after,
           o.place AS place_before, n.place AS place_after,
           coalesce(least(o.unit_mult, n.unit_mult), o.unit_mult, n.unit_mult) AS unit_mult,
           CAST(o.value * CAST(power(10, o.unit_mult - least(o.unit_mult, coalesce(n.unit_mult, o.unit_mult))) AS BIGINT)
                AS DECIMAL(38, 10)) AS before,
           CAST(n.value * CAST(power(10, n.unit_mult - least(n.unit_mult, coalesce(o.unit_mult, n.unit_mult))) AS BIGINT)
                AS DECIMAL(38, 10)) AS after,
           coalesce(o.is_corrected, false) OR coalesce(n.is_corrected, false) AS is_corrected
    FROM old_figures o
    FULL JOIN new_figures n
    USING (table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure, basis, price, unit,
           adjustment, reference)
), moved AS (
    -- one cell, printed alike, of one period, under another key: it is mapped otherwise
    SELECT DISTINCT g.place_before AS place, g.period, g.base_period, g.freq
    FROM figures g
    JOIN figures a ON a.place_after = g.place_before AND a.printed_after = g.printed_before AND a.period = g.period
                  AND a.base_period = g.base_period AND a.freq = g.freq
    WHERE g.locator_after IS NULL AND a.locator_before IS NULL AND g.printed_before <> ''
), changes AS (
    SELECT f.*,
           CASE WHEN f.locator_before IS NULL THEN 'added'
                WHEN f.locator_after IS NULL THEN 'removed'
                WHEN f.before IS NULL AND f.after IS NOT NULL THEN 'blank_to_value'
                WHEN f.before IS NOT NULL AND f.after IS NULL THEN 'value_to_blank'
                WHEN f.after > f.before THEN 'raised'
                WHEN f.after < f.before THEN 'lowered'
                WHEN f.status_before <> f.status_after THEN 'status_changed'
                ELSE 'unchanged' END AS change,
           m.place IS NOT NULL AS is_moved
    FROM figures f
    LEFT JOIN moved m ON m.place = coalesce(f.place_before, f.place_after) AND m.period = f.period
         AND m.base_period = f.base_period AND m.freq = f.freq
         AND (f.locator_after IS NULL OR f.locator_before IS NULL)
), explained AS MATERIALIZED (
    SELECT c.*,
           CASE WHEN c.change = 'unchanged' THEN []
                WHEN c.is_moved THEN ['mapping']
                WHEN c.change IN ('added', 'removed') THEN [unexplained]
                WHEN c.is_corrected THEN CASE WHEN c.printed_before = c.printed_after THEN ['correction']
                                              ELSE ['correction', unexplained] END
                WHEN c.printed_before = c.printed_after AND c.change <> 'status_changed' THEN [otherwise]
                ELSE [unexplained] END AS causes
    FROM changes c
), old_values AS (
    SELECT i.*, row_number() OVER (PARTITION BY i.indicator, i.definition, i.geo, i.reference, i.partner, i.flow, i.item,
               i.period, i.base_period, i.freq, i.basis, i.adjustment, i.unit, i.currency, i.ref_dataset
               ORDER BY i.ref_vintage) AS number
    FROM query_table(computed) i
    JOIN pair p ON i.dataset = p.name AND i.vintage = p.old
), new_values AS (
    SELECT i.*, row_number() OVER (PARTITION BY i.indicator, i.definition, i.geo, i.reference, i.partner, i.flow, i.item,
               i.period, i.base_period, i.freq, i.basis, i.adjustment, i.unit, i.currency, i.ref_dataset
               ORDER BY i.ref_vintage) AS number
    FROM query_table(computed) i
    JOIN pair p ON i.dataset = p.name AND i.vintage = p.new
), computed_values AS (
    SELECT indicator, definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, unit,
           currency, ref_dataset, number, o.indicator IS NOT NULL AS was, n.indicator IS NOT NULL AS is_now,
           o.inputs AS cells_before, n.inputs AS cells_after, o.obs_status AS status_before,
           n.obs_status AS status_after,
           coalesce(least(o.unit_mult, n.unit_mult), o.unit_mult, n.unit_mult) AS unit_mult,
           CAST(o.value * CAST(power(10, o.unit_mult - least(o.unit_mult, coalesce(n.unit_mult, o.unit_mult))) AS BIGINT)
                AS DECIMAL(38, 10)) AS before,
           CAST(n.value * CAST(power(10, n.unit_mult - least(n.unit_mult, coalesce(o.unit_mult, n.unit_mult))) AS BIGINT)
                AS DECIMAL(38, 10)) AS after
    FROM old_values o
    FULL JOIN new_values n
    USING (indicator, definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, unit,
           currency, ref_dataset, number)
), value_changes AS (
    SELECT v.*, row_number() OVER (ORDER BY v.indicator, v.definition, v.geo, v.reference, v.partner, v.flow, v.item,
                                            v.period, v.base_period, v.freq, v.basis, v.adjustment, v.unit, v.currency,
                                            v.ref_dataset, v.number) AS id,
           CASE WHEN NOT v.was THEN 'added'
                WHEN NOT v.is_now THEN 'removed'
                WHEN v.before IS NULL AND v.after IS NOT NULL THEN 'blank_to_value'
                WHEN v.before IS NOT NULL AND v.after IS NULL THEN 'value_to_blank'
                WHEN v.after > v.before THEN 'raised'
                WHEN v.after < v.before THEN 'lowered'
                WHEN v.status_before <> v.status_after THEN 'status_changed'
                ELSE 'unchanged' END AS change
    FROM computed_values v
), cells AS (
    SELECT w.id, true AS is_old, unnest(w.cells_before) AS cell FROM value_changes w WHERE w.change <> 'unchanged'
    UNION ALL
    SELECT w.id, false, unnest(w.cells_after) FROM value_changes w WHERE w.change <> 'unchanged'
), changed_cells AS (
    SELECT concat(p.name, '/', p.old, '/', e.locator_before, '=', e.printed_before) AS cell, e.causes
    FROM explained e CROSS JOIN pair p WHERE e.change <> 'unchanged' AND e.locator_before IS NOT NULL
    UNION ALL
    SELECT concat(p.name, '/', p.new, '/', e.locator_after, '=', e.printed_after), e.causes
    FROM explained e CROSS JOIN pair p WHERE e.change <> 'unchanged' AND e.locator_after IS NOT NULL
), from_cells AS (
    SELECT s.id, list_sort(list_distinct(flatten(list(h.causes)))) AS causes
    FROM cells s JOIN changed_cells h ON h.cell = s.cell
    GROUP BY s.id
), rests_on AS (
    SELECT s.id,
           list_sort(list(regexp_replace(s.cell, '^([^/]+)/[^/]+/', '\1/')) FILTER (WHERE s.is_old))
               IS NOT DISTINCT FROM
           list_sort(list(regexp_replace(s.cell, '^([^/]+)/[^/]+/', '\1/')) FILTER (WHERE NOT s.is_old)) AS is_alike
    FROM cells s
    GROUP BY s.id
), peers AS (
    -- a rank rests on figures that it does not list: those of its period
    SELECT e.period, list_sort(list_distinct(flatten(list(e.causes)))) AS causes
    FROM explained e WHERE e.change <> 'unchanged' GROUP BY e.period
), anything AS (
    -- an index comes and goes with its base year, which any year may become
    SELECT list_sort(list_distinct(flatten(list(e.causes)))) AS causes FROM explained e WHERE e.change <> 'unchanged'
)
SELECT 'observation' AS what, p.name AS dataset, p.old AS from_vintage, p.new AS to_vintage,
       '' AS indicator, '' AS definition, e.table_id, e.geo, e.partner, e.flow, e.item, e.activity, e.mode, e.period,
       e.base_period, e.freq, e.measure, e.basis, e.price, e.unit, e.adjustment, e.reference, '' AS currency,
       '' AS ref_dataset, e.change, array_to_string(e.causes, ';') AS cause,
       e.before AS value_before, e.after AS value_after, e.after - e.before AS revision, e.unit_mult,
       e.status_before, e.status_after, e.printed_before, e.printed_after, e.locator_before, e.locator_after
FROM explained e
CROSS JOIN pair p
UNION ALL
SELECT 'indicator', p.name, p.old, p.new, w.indicator, w.definition, '', w.geo, w.partner, w.flow, w.item, '', '',
       w.period, w.base_period, w.freq, '', w.basis, '', w.unit, w.adjustment, w.reference, w.currency, w.ref_dataset,
       w.change,
       CASE WHEN w.change = 'unchanged' THEN ''
            WHEN f.causes IS NOT NULL THEN array_to_string(f.causes, ';')
            WHEN q.causes IS NOT NULL THEN array_to_string(q.causes, ';')
            WHEN w.was AND w.is_now AND coalesce(r.is_alike, true) THEN anew
            WHEN NOT (w.was AND w.is_now) AND len(a.causes) > 0 THEN array_to_string(a.causes, ';')
            ELSE unexplained END,
       w.before, w.after, w.after - w.before, w.unit_mult, w.status_before, w.status_after, NULL, NULL, NULL, NULL
FROM value_changes w
CROSS JOIN pair p
LEFT JOIN from_cells f ON f.id = w.id
LEFT JOIN rests_on r ON r.id = w.id
LEFT JOIN peers q ON q.period = w.period
CROSS JOIN anything a
ORDER BY ALL;
