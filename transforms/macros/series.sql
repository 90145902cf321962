-- en: The published figures of a place as series: one row for each printed figure and period, exact, with interval,
--     status and cell. Figures in several schemes, units, frequencies, price bases or adjustments are refused.
-- zh: 一地已发布数字的时间序列：每个印刷数字、每个时期一行，附精确值、区间、状态与单元格。体系、单位、频率、价格或调整不一者拒绝同列。
-- geo en: Place: code or label, several joined by + ('CHN+IND', 'Guangzhou', '广州').
-- geo zh: 地域：代码或名称，多个以 + 相连。
-- item en: What is measured: code or label of the list items; NULL = all.
-- item zh: 项目：items 表的代码或名称；NULL 为不限。
-- flow en: X, M, T, N or their labels; NULL = all.
-- flow zh: 流向：X、M、T、N 或其名称；NULL 为不限。
-- definition en: Instead of item: the aggregate under this definition.
-- definition zh: 代替 item：该定义下的汇总。
-- scheme en: What stands before the colon of the item (EBOPS2010, DEF, GOODS ...); NULL = all, if it is one.
-- scheme zh: 项目代码冒号前的体系（EBOPS2010、DEF、GOODS 等）；NULL 为不限，但须只有一种。
-- measure en: value, share, growth, rank ...: code or label of the list measures.
-- measure zh: 度量：measures 表的代码或名称。
-- partner en: Counterpart: code or label; W = all the world.
-- partner zh: 伙伴：代码或名称；W 为全世界。
-- unit en: Unit code; NULL = all, if it is one.
-- unit zh: 单位代码；NULL 为不限，但须只有一种。
-- freq en: A, Q or M; NULL = all, if it is one.
-- freq zh: 频率 A、Q 或 M；NULL 为不限，但须只有一种。
-- price en: current, constant, comparable ...; NULL = all, if it is one.
-- price zh: 价格：现价、不变价、可比口径等；NULL 为不限，但须只有一种。
-- adjustment en: Seasonal adjustment; NULL = all, if it is one.
-- adjustment zh: 季节调整；NULL 为不限，但须只有一种。
-- reference en: Of what, for shares and ranks; NULL = all.
-- reference zh: 参照（占比、位次）；NULL 为不限。
-- basis en: published, executed, contracted, target ...
-- basis zh: 口径：公布、执行、合同、目标等。
-- since en: First period; NULL = from the first there is.
-- since zh: 起始时期；NULL 为自最早。
-- until en: Last period; NULL = to the last there is.
-- until zh: 终止时期；NULL 为至最近。
-- dataset en: Only this publication; NULL = all, each row says which.
-- dataset zh: 仅限该数据集；NULL 为不限。
-- vintage en: An edition; latest = the latest of each dataset; NULL = all.
-- vintage zh: 版次；latest 为各数据集的最新版次；NULL 为不限。
-- source en: The view that is read: one with the columns of observations, such as all_observations of the command line.
-- source zh: 所读视图：须有 observations 的各列，例如命令行中的 all_observations。
CREATE MACRO main.series(
    geo, item := NULL, flow := NULL, definition := NULL, scheme := NULL, measure := 'value', partner := 'W',
    unit := NULL, freq := NULL, price := NULL, adjustment := NULL, reference := NULL, basis := 'published',
    since := NULL, until := NULL, dataset := NULL, vintage := 'latest', source := 'observations'
) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT k[1] AS geos,
           CASE WHEN definition IS NULL THEN k[2]
                WHEN item IS NULL THEN list_transform(k[4], lambda name: concat('DEF:', name))
                ELSE error('item and definition exclude each other: a definition is an item of its own (DEF:...)')
           END AS items,
           k[3] AS flows, k[5] AS schemes, k[6] AS measures, k[7] AS partners, k[8] AS units, k[9] AS freqs,
           k[10] AS prices, k[11] AS adjustments, k[12] AS refs, k[13] AS bases, k[14] AS datasets, k[15] AS vintages,
           k[16][1] AS first, k[17][1] AS last
    FROM (SELECT find_codes([['geographies', geo], ['items', item], ['flows', flow], ['definitions', definition],
                             ['schemes', scheme], ['measures', measure], ['geographies', partner], ['units', unit],
                             ['frequencies', freq], ['prices', price], ['adjustments', adjustment],
                             ['references', reference], ['bases', basis], ['datasets', dataset],
                             ['vintages', CAST(vintage AS VARCHAR)], ['times', CAST(since AS VARCHAR)],
                             ['times', CAST(until AS VARCHAR)]]) AS k)
), near AS (
    SELECT o.*, unit IS NULL OR list_contains(a.units, o.unit) AS fits
    FROM query_table(source) o
    CROSS JOIN asked a
    JOIN datasets d ON d.dataset = o.dataset AND d.vintage = o.vintage
    WHERE (geo IS NULL OR o.geo IN (SELECT unnest(geos) FROM asked))
      AND ((item IS NULL AND definition IS NULL) OR o.item IN (SELECT unnest(items) FROM asked))
      AND (flow IS NULL OR list_contains(a.flows, o.flow))
      AND (scheme IS NULL OR list_contains(a.schemes, split_part(o.item, ':', 1)))
      AND (measure IS NULL OR list_contains(a.measures, o.measure))
      AND (partner IS NULL OR list_contains(a.partners, o.partner))
      AND (freq IS NULL OR list_contains(a.freqs, o.freq))
      AND (price IS NULL OR list_contains(a.prices, o.price))
      AND (adjustment IS NULL OR list_contains(a.adjustments, o.adjustment))
      AND (reference IS NULL OR list_contains(a.refs, o.reference))
      AND (basis IS NULL OR list_contains(a.bases, o.basis))
      AND (dataset IS NULL OR list_contains(a.datasets, o.dataset))
      AND (vintage IS NULL
           OR CASE WHEN a.vintages = ['latest'] THEN d.latest ELSE list_contains(a.vintages, d.vintage) END)
      AND (since IS NULL OR o.period >= a.first)
      AND (until IS NULL OR o.period <= a.last OR starts_with(o.period, a.last))
      AND o.activity = '_T' AND o.mode = '_T'
), present AS (
    SELECT refuse_absent('units', (SELECT list(DISTINCT n.unit) FROM near n), a.units, 'unit') AS is_present
    FROM asked a
), chosen AS (
    SELECT n.*
    FROM near n
    CROSS JOIN present p
    WHERE CASE WHEN p.is_present THEN n.fits END
), sound AS (
    SELECT refuse_mix('schemes of items', list(DISTINCT split_part(c.item, ':', 1)), 'scheme')
       AND refuse_mix('units', list(DISTINCT c.unit), 'unit')
       AND refuse_mix('frequencies', list(DISTINCT c.freq), 'freq')
       AND refuse_mix('prices', list(DISTINCT c.price), 'price')
       AND refuse_mix('adjustments', list(DISTINCT c.adjustment), 'adjustment') AS is_sound
    FROM chosen c
)
SELECT c.geo, g.label_en AS geo_label_en, g.label_zh AS geo_label_zh,
       c.item, i.label_en AS item_label_en, i.label_zh AS item_label_zh,
       c.flow, c.measure, c.reference, c.period, c.base_period, c.freq, c.value, c.lower, c.upper, c.unit, c.unit_mult,
       c.price, c.obs_status, c.printed, c.note, c.dataset, c.vintage, c.table_id, c.locator
FROM chosen c
CROSS JOIN sound s
LEFT JOIN codes g ON g.list = 'geographies' AND g.code = c.geo
LEFT JOIN codes i ON i.list = 'items' AND i.code = c.item
WHERE s.is_sound
ORDER BY c.geo, c.item, c.flow, c.measure, c.reference, c.dataset, c.vintage, c.period, c.base_period, c.table_id,
         c.locator;
