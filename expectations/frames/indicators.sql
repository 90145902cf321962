-- The indicators of one edition as they are judged.
WITH chosen AS (
    SELECT * FROM indicators WHERE dataset = $dataset AND vintage = $vintage
), keyed AS (
    SELECT *, concat_ws('|', indicator, definition, geo, reference, partner, flow, item, period, base_period, freq,
                        basis, adjustment, unit, currency, ref_dataset, ref_vintage) AS key,
           -- bounds are rounded outward: only what double precision loses in large numbers remains
           1e-14 * abs(coalesce(CAST(value AS DOUBLE), CAST(upper AS DOUBLE), 0)) AS slack
    FROM chosen
)
SELECT key AS locator, key, indicator, geo, flow, item, unit, coverage, obs_status,
       CASE WHEN NOT isfinite(CAST(value AS DOUBLE)) OR NOT isfinite(coverage) THEN key END AS not_finite,
       CASE WHEN lower > value + slack OR upper < value - slack OR lower > upper + slack
            THEN concat_ws(' ', coalesce(CAST(lower AS VARCHAR), '...'), coalesce(CAST(value AS VARCHAR), 'no value'),
                           coalesce(CAST(upper AS VARCHAR), '...')) END AS outside_bounds,
       CASE WHEN value IS NULL AND NOT EXISTS (SELECT 1 FROM obs_status s WHERE s.value_rule <> 'required'
                 AND list_contains(string_split(k.obs_status, ';'), s.code)) THEN k.obs_status || ' without a value'
            WHEN value IS NOT NULL AND EXISTS (SELECT 1 FROM obs_status s WHERE s.value_rule = 'forbidden'
                 AND list_contains(string_split(k.obs_status, ';'), s.code)) THEN k.obs_status || ' with a value' END
           AS status_conflict,
       CASE WHEN len(inputs) = 0 THEN key END AS without_inputs,
       CASE WHEN indicator IN ('export_orientation', 'grubel_lloyd', 'grubel_lloyd_weighted') AND (value < 0 OR value > 1)
            THEN CAST(value AS VARCHAR)
            WHEN indicator IN ('trade_competitiveness', 'rsca') AND (value < -1 OR value > 1) THEN CAST(value AS VARCHAR)
            -- where the published figures contradict one another it has no limits
            WHEN indicator = 'nrca' AND NOT contested AND (value < -2500 OR value > 2500) THEN CAST(value AS VARCHAR)
            WHEN indicator IN ('export_import_coverage', 'multiple', 'openness', 'openness_half', 'export_intensity', 'rca',
                               'location_quotient') AND value < 0 THEN CAST(value AS VARCHAR)
            WHEN indicator IN ('growth', 'balance_ratio_imports') AND value < -100 THEN CAST(value AS VARCHAR)
            END AS out_of_range,
       CASE WHEN indicator IN ('dds_share', 'category_share', 'city_share', 'world_share', 'dds_share_without_travel',
                               'category_share_without_travel') AND obs_status <> 'D'
                 AND (value < 0 OR lower > 100) THEN coalesce(CAST(value AS VARCHAR), 'over ' || CAST(lower AS VARCHAR))
            END AS share_above_whole,
       CASE WHEN geo NOT IN (SELECT code FROM geographies) THEN 'geo ' || geo
            WHEN partner NOT IN (SELECT code FROM geographies) THEN 'partner ' || partner
            WHEN flow NOT IN (SELECT code FROM flows) THEN 'flow ' || flow
            WHEN item NOT IN (SELECT code FROM items) THEN 'item ' || item
            WHEN basis NOT IN (SELECT code FROM bases) THEN 'basis ' || basis
            WHEN unit NOT IN (SELECT code FROM units) THEN 'unit ' || unit
            WHEN currency NOT IN (SELECT code FROM units) THEN 'currency ' || currency
            WHEN reference <> '' AND reference NOT IN (SELECT code FROM refs) THEN 'reference ' || reference
            WHEN definition <> '' AND definition NOT IN (SELECT definition FROM definitions)
            THEN 'definition ' || definition
            WHEN NOT list_has_all((SELECT list(code) FROM obs_status), string_split(obs_status, ';'))
            THEN 'obs_status ' || obs_status END AS unknown_code
FROM keyed k
ORDER BY key
