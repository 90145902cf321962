-- Where the cells stand that are to be told of: one pass over the edition for all rules.
CREATE OR REPLACE TEMP TABLE near AS
WITH hashed AS (
    SELECT cell, hash(place_hash, item_hash, period_hash) AS cell_hash
    FROM (SELECT DISTINCT cell FROM meant) m JOIN places p ON p.place = place_of(m.cell)
    JOIN coded_items i ON i.item_no = item_of(m.cell) JOIN coded_periods t ON t.period_no = period_of(m.cell)
)
SELECT cell, locator, is_level(measure, value, unit_mult, price, qualifier) AS is_level
FROM valued v JOIN hashed h ON h.cell_hash = hash(v.place_hash, v.item_hash, v.period_hash)
