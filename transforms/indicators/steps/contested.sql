-- An indicator is contested when one of its cells belongs to a contradiction: the printed cell (for a chain: its rates) or
-- a cell behind the computed value. A share of the total that its parts alone rule out (weighted_mean) says nothing of
-- the total and the balance that implied_share takes besides.
SET VARIABLE contradicted = (
    WITH contradictions AS (
        SELECT * FROM comparisons c
        WHERE verdict = 'contradictory' AND NOT (rule = 'implied_share' AND EXISTS (
            SELECT 1 FROM comparisons w
            WHERE w.rule = 'weighted_mean' AND w.verdict = 'contradictory'
              AND (w.dataset, w.vintage, w.table_id, w.locator) = (c.dataset, c.vintage, c.table_id, c.locator)))
    )
    SELECT list(DISTINCT cell) FROM (
        SELECT unnest(list_append(inputs, dataset || '/' || vintage || '/' || locator || '=' || printed)) AS cell
        FROM contradictions
        UNION ALL
        SELECT unnest(k.inputs)
        FROM contradictions c JOIN indicators k
          ON c.rule = 'chain' AND k.indicator = 'chained_multiple'
         AND (k.dataset, k.vintage, k.geo, k.flow, k.item, k.period, k.base_period)
           = (c.dataset, c.vintage, c.geo, c.flow, c.item, c.period, c.base_period)));
UPDATE indicators SET contested = true WHERE list_has_any(inputs, getvariable('contradicted'));
UPDATE indicators_on_request SET contested = true WHERE list_has_any(inputs, getvariable('contradicted'));
RESET VARIABLE contradicted;
