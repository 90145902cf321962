-- en: Where the values of an indicator come from: one row for each cell that a value rests on, with what is printed there,
--     the observation read from it, the file with its hash, and the edition. A value that rests on no cell has one row
--     without a cell.
-- zh: 指标数值从何而来：数值所依据的每个单元格一行，列出其印刷原文、由此读取的观测值、文件及其哈希值，以及所属版次。不依据任何单元格的数值仍占一行，不列单元格。
-- indicator en: Code or title of the indicator (view indicator_cards); NULL = all.
-- indicator zh: 指标代码或名称（见 indicator_cards 视图）；NULL 为不限。
-- geo en: Place: code or label, several joined by +; NULL = all.
-- geo zh: 地域：代码或名称，多个以 + 相连；NULL 为不限。
-- period en: Period; NULL = all.
-- period zh: 时期；NULL 为不限。
-- item en: Item: code or label; NULL = all.
-- item zh: 项目：代码或名称；NULL 为不限。
-- flow en: X, M, T or their labels; NULL = all.
-- flow zh: 流向：X、M、T 或其名称；NULL 为不限。
-- definition en: Definition of digitally deliverable; NULL = all.
-- definition zh: 可数字化交付的定义；NULL 为不限。
-- reference en: Of what, for shares: code or label of the list references; NULL = all.
-- reference zh: 占比的参照：references 表的代码或名称；NULL 为不限。
-- vintage en: An edition; latest = the latest of each dataset; NULL = all.
-- vintage zh: 版次；latest 为各数据集的最新版次；NULL 为不限。
-- source en: The view that the observations are taken from, such as all_observations of the command line.
-- source zh: 观测值所取自的视图，例如命令行中的 all_observations。
CREATE MACRO main.trace(
    indicator, geo := NULL, period := NULL, item := NULL, flow := NULL, definition := NULL, reference := NULL,
    vintage := 'latest', source := 'observations'
) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT k[1] AS indicators, k[2] AS geos, k[3] AS periods, k[4] AS items, k[5] AS flows, k[6] AS definitions,
           k[7] AS refs, k[8] AS vintages
    FROM (SELECT find_codes([['indicators', indicator], ['geographies', geo], ['periods', CAST(period AS VARCHAR)],
                             ['items', item], ['flows', flow], ['definitions', definition], ['references', reference],
                             ['vintages', CAST(vintage AS VARCHAR)]]) AS k)
), chosen AS (
    SELECT i.*
    FROM indicators i
    CROSS JOIN asked a
    JOIN datasets d ON d.dataset = i.dataset AND d.vintage = i.vintage
    WHERE (indicator IS NULL OR list_contains(a.indicators, i.indicator))
      AND (geo IS NULL OR i.geo IN (SELECT unnest(geos) FROM asked))
      AND (period IS NULL OR list_contains(a.periods, i.period))
      AND (item IS NULL OR i.item IN (SELECT unnest(items) FROM asked))
      AND (flow IS NULL OR list_contains(a.flows, i.flow))
      AND (definition IS NULL OR list_contains(a.definitions, i.definition))
      AND (reference IS NULL OR list_contains(a.refs, i.reference))
      AND (vintage IS NULL
           OR CASE WHEN a.vintages = ['latest'] THEN d.latest ELSE list_contains(a.vintages, d.vintage) END)
), cells AS (
    -- an indicator without cells keeps its row
    SELECT c.*, regexp_extract(cell, '^([^/]+)/([^/]+)/(.*?!R[0-9]+C[0-9]+)=', ['dataset', 'vintage', 'locator']) AS at
    FROM (SELECT h.*, unnest(CASE WHEN len(h.inputs) > 0 THEN h.inputs ELSE [NULL] END) AS cell FROM chosen h) c
)
SELECT c.indicator, c.definition, c.geo, c.reference, c.partner, c.flow, c.item, c.period, c.base_period, c.unit,
       c.unit_mult, c.value, c.lower, c.upper, c.obs_status, c.method, c.dataset, c.vintage,
       c.at.dataset AS cell_dataset, c.at.vintage AS cell_vintage, c.at.locator AS locator, o.printed, o.geo AS cell_geo, o.flow AS cell_flow, o.item AS cell_item, o.period AS cell_period,
       o.measure AS cell_measure, o.value AS cell_value, o.lower AS cell_lower, o.upper AS cell_upper,
       o.unit AS cell_unit, o.unit_mult AS cell_unit_mult, o.obs_status AS cell_status,
       f.file, f.sha256, d.publisher_en, d.publisher_zh, d.title_en, d.title_zh, d.edition, d.accessed, d.url
FROM cells c
LEFT JOIN query_table(source) o
  ON o.dataset = c.at.dataset AND o.vintage = c.at.vintage AND o.locator = c.at.locator
LEFT JOIN edition_files f
  ON f.dataset = c.at.dataset AND f.vintage = c.at.vintage AND f.file = split_part(c.at.locator, '!', 1)
LEFT JOIN datasets d ON d.dataset = c.at.dataset AND d.vintage = c.at.vintage
ORDER BY c.indicator, c.geo, c.item, c.flow, c.period, c.base_period, c.definition, c.reference, c.partner, c.unit,
         c.currency, c.freq, c.basis, c.adjustment, c.dataset, c.vintage, c.ref_dataset, c.ref_vintage, c.cell,
         o.table_id, o.item, o.flow, o.period;
