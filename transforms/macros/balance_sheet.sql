-- en: Exports, imports, both together, balance and coverage ratio of every item of a place and period, side by side, in
--     one unit and multiple. Exports and imports are as printed (the finest printing counts), and where no figure is
--     printed the indicator level (a definition, a year of its months, another currency): exports_method and
--     imports_method say which. Total and balance are the indicators. Items in several units are refused: name one.
-- zh: 一地一时期各项目的出口、进口、进出口合计、差额与出口覆盖率，同一单位与幂次并列。出口、进口取印刷值（以最精确者为准）；没有印刷数字时取指标 level（定义合计、由月度合成的年度、换算币种等），见 exports_method 与 imports_method。合计与差额为指标值。单位不一者拒绝同列：请指明其一。
-- geo en: Place: code or label, several joined by +.
-- geo zh: 地域：代码或名称，多个以 + 相连。
-- period en: Period; NULL = all.
-- period zh: 时期；NULL 为不限。
-- item en: Code or label of the list items; NULL = all.
-- item zh: 项目：items 表的代码或名称；NULL 为不限。
-- scheme en: What stands before the colon of the item (EBOPS2010, DEF ...); NULL = all.
-- scheme zh: 项目代码冒号前的体系（EBOPS2010、DEF 等）；NULL 为不限。
-- unit en: Unit code; NULL = all, if it is one.
-- unit zh: 单位代码；NULL 为不限，但须只有一种。
-- dataset en: Only this publication; NULL = all, each row says which.
-- dataset zh: 仅限该数据集；NULL 为不限。
-- vintage en: An edition; latest = the latest of each dataset; NULL = all.
-- vintage zh: 版次；latest 为各数据集的最新版次；NULL 为不限。
CREATE MACRO main.balance_sheet(
    geo, period := NULL, item := NULL, scheme := NULL, unit := NULL, dataset := NULL, vintage := 'latest'
) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT k[1] AS geos, k[2] AS items, k[3] AS schemes, k[4] AS periods, k[5] AS units, k[6] AS datasets,
           k[7] AS vintages
    FROM (SELECT find_codes([['geographies', geo], ['items', item], ['schemes', scheme],
                             ['periods', CAST(period AS VARCHAR)], ['units', unit],
                             ['datasets', dataset], ['vintages', CAST(vintage AS VARCHAR)]]) AS k)
), editions AS (
    SELECT d.dataset, d.vintage
    FROM datasets d
    CROSS JOIN asked a
    WHERE (dataset IS NULL OR list_contains(a.datasets, d.dataset))
      AND (vintage IS NULL
           OR CASE WHEN a.vintages = ['latest'] THEN d.latest ELSE list_contains(a.vintages, d.vintage) END)
), figures AS (
    SELECT o.dataset, o.vintage, o.geo, o.item, o.period, o.freq, o.basis, o.adjustment, o.unit, o.unit_mult, o.value,
           o.lower, o.upper, o.obs_status, CASE o.flow WHEN 'X' THEN 'exports' WHEN 'M' THEN 'imports' END AS kind,
           false AS contested, '' AS note, 'published' AS method, true AS is_printed
    FROM observations o
    WHERE o.measure = 'value' AND o.price = 'current' AND o.flow IN ('X', 'M') AND o.partner = 'W'
      AND o.activity = '_T' AND o.mode = '_T'
    UNION ALL
    SELECT i.dataset, i.vintage, i.geo, i.item, i.period, i.freq, i.basis, i.adjustment, i.currency, i.unit_mult,
           i.value, i.lower, i.upper, i.obs_status,
           CASE i.indicator WHEN 'total_trade' THEN 'total' WHEN 'trade_balance' THEN 'balance'
                            WHEN 'export_import_coverage' THEN 'coverage'
                            ELSE CASE i.flow WHEN 'X' THEN 'exports' WHEN 'M' THEN 'imports' END END,
           i.contested, i.note, i.method, false
    FROM indicators i
    WHERE i.indicator IN ('level', 'total_trade', 'trade_balance', 'export_import_coverage') AND i.partner = 'W'
), near AS (
    SELECT f.*, unit IS NULL OR list_contains(a.units, f.unit) AS fits
    FROM figures f
    CROSS JOIN asked a
    SEMI JOIN editions e ON e.dataset = f.dataset AND e.vintage = f.vintage
    WHERE (geo IS NULL OR f.geo IN (SELECT unnest(geos) FROM asked))
      AND (item IS NULL OR f.item IN (SELECT unnest(items) FROM asked))
      AND (scheme IS NULL OR list_contains(a.schemes, split_part(f.item, ':', 1)))
      AND (period IS NULL OR list_contains(a.periods, f.period))
), present AS (
    SELECT refuse_absent('units', (SELECT list(DISTINCT n.unit) FROM near n), a.units, 'unit') AS is_present
    FROM asked a
), chosen AS (
    SELECT n.*, min(n.unit_mult) FILTER (WHERE n.kind <> 'coverage') OVER () AS least
    FROM near n
    CROSS JOIN present p
    WHERE CASE WHEN p.is_present THEN n.fits END
), scaled AS (
    -- all amounts in the smallest multiple found: exact, nothing is divided
    SELECT c.* EXCLUDE (value, lower, upper),
           CASE WHEN c.kind = 'coverage' THEN 1
                ELSE CAST(pow(10, c.unit_mult - c.least) AS DECIMAL(18, 0)) END AS times,
           c.value * times AS value, c.lower * times AS lower, c.upper * times AS upper
    FROM chosen c
), finest AS (
    -- a printed figure before a computed one; of what is printed without a figure the range that is known of it
    SELECT s.*, s.kind IN ('exports', 'imports') AND bool_or(s.is_printed) OVER same AS is_listed
    FROM scaled s
    WINDOW same AS (
        PARTITION BY s.dataset, s.vintage, s.geo, s.item, s.period, s.freq, s.basis, s.adjustment, s.unit, s.kind)
    QUALIFY row_number() OVER (
        same ORDER BY s.value IS NULL, s.value IS NOT NULL AND NOT s.is_printed, s.upper - s.lower NULLS LAST,
                      NOT s.is_printed, s.value, s.obs_status) = 1
), sheet AS (
    SELECT f.geo, f.item, f.period, f.freq, f.unit, f.least AS unit_mult, f.basis, f.adjustment, f.dataset, f.vintage,
           max(f.value) FILTER (WHERE f.kind = 'exports') AS exports,
           max(f.value) FILTER (WHERE f.kind = 'imports') AS imports,
           max(f.lower) FILTER (WHERE f.kind = 'exports') AS exports_lower,
           max(f.upper) FILTER (WHERE f.kind = 'exports') AS exports_upper,
           max(f.lower) FILTER (WHERE f.kind = 'imports') AS imports_lower,
           max(f.upper) FILTER (WHERE f.kind = 'imports') AS imports_upper,
           max(f.value) FILTER (WHERE f.kind = 'total') AS total,
           max(f.lower) FILTER (WHERE f.kind = 'total') AS total_lower,
           max(f.upper) FILTER (WHERE f.kind = 'total') AS total_upper,
           max(f.value) FILTER (WHERE f.kind = 'balance') AS balance,
           max(f.lower) FILTER (WHERE f.kind = 'balance') AS balance_lower,
           max(f.upper) FILTER (WHERE f.kind = 'balance') AS balance_upper,
           max(f.value) FILTER (WHERE f.kind = 'coverage') AS export_import_coverage,
           max(f.obs_status) FILTER (WHERE f.kind = 'exports') AS exports_status,
           max(f.obs_status) FILTER (WHERE f.kind = 'imports') AS imports_status,
           max(f.obs_status) FILTER (WHERE f.kind = 'total') AS total_status,
           max(f.obs_status) FILTER (WHERE f.kind = 'balance') AS balance_status,
           max(f.method) FILTER (WHERE f.kind = 'exports') AS exports_method,
           max(f.method) FILTER (WHERE f.kind = 'imports') AS imports_method,
           bool_or(f.contested) AS contested,
           coalesce(string_agg(DISTINCT nullif(f.note, ''), '; ' ORDER BY nullif(f.note, '')), '') AS note
    FROM finest f
    GROUP BY ALL
    -- what is only bounded (a definition by another) is no line of a balance sheet
    HAVING count(f.value) > 0 OR bool_or(f.is_listed)
), sound AS (
    SELECT refuse_mix('units', list(DISTINCT s.unit), 'unit') AS is_sound FROM sheet s
)
SELECT s.geo, g.label_en AS geo_label_en, g.label_zh AS geo_label_zh,
       s.item, t.label_en AS item_label_en, t.label_zh AS item_label_zh,
       s.* EXCLUDE (geo, item)
FROM sheet s
CROSS JOIN sound ok
LEFT JOIN codes g ON g.list = 'geographies' AND g.code = s.geo
LEFT JOIN codes t ON t.list = 'items' AND t.code = s.item
WHERE ok.is_sound
ORDER BY s.geo, s.period, s.item, s.freq, s.dataset, s.vintage, s.basis, s.adjustment;
