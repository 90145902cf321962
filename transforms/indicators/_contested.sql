-- An indicator is contested when one of its cells belongs to a contradiction; a mean of unstated method is none.
UPDATE indicators SET contested = true
WHERE list_has_any(inputs, (
    SELECT list(DISTINCT i) FROM (SELECT unnest(inputs) AS i FROM comparisons
                                  WHERE verdict = 'contradictory' AND rule <> 'average_growth')));
