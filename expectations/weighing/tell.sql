-- What is told of the findings that are kept (kept_$rule, see keep.sql): the texts of their keys, and where what they are about
-- stands. locator: of the levels; any_locator: blanks and bounds too; timed_locator: of levels of one year, quarter or month.
CREATE OR REPLACE TEMP TABLE told AS
WITH reached AS (
    SELECT number, place, item_no, period_no FROM kept_$rule
    UNION SELECT number, other, item_no, period_no FROM kept_$rule WHERE other IS NOT NULL
), located AS (
    SELECT number, min(locator) AS any_locator, min(locator) FILTER (is_level) AS locator,
           min(locator) FILTER (is_level AND period_of(cell) < 34816) AS timed_locator,
           max(locator) FILTER (is_level) AS last_locator
    FROM reached k JOIN near n ON place_of(n.cell) = k.place
    WHERE coalesce(item_of(cell) = k.item_no, true) AND coalesce(period_of(cell) = k.period_no, true)
    GROUP BY number
)
SELECT k.* EXCLUDE (number, other), p.* EXCLUDE (place), item, period, l.* EXCLUDE (number)
FROM kept_$rule k JOIN places p USING (place) LEFT JOIN coded_items USING (item_no)
LEFT JOIN (SELECT period_no, period FROM coded_periods) USING (period_no) LEFT JOIN located l USING (number)
