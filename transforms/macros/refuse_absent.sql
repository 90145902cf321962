-- en: Refuses a choice that leaves nothing though there are figures under others: an error that says which, else true.
-- zh: 所选取值之下没有数字而其他取值之下有时报错并列出其他取值，否则为真。
-- what en: What the values are, in words.
-- what zh: 这些取值是什么（文字）。
-- found en: The values found when nothing is chosen, as a list.
-- found zh: 不加选择时所见取值的列表。
-- asked en: The values chosen, as a list; NULL = none was chosen.
-- asked zh: 所选取值的列表；NULL 为未作选择。
-- choice en: The parameter that chooses.
-- choice zh: 用以选择的参数。
CREATE MACRO main.refuse_absent(what, found, asked, choice) AS (
    CASE WHEN len(found) > 0 AND len(asked) > 0 AND NOT list_has_any(found, asked)
         THEN error(concat('nothing of what is asked for has a figure in ', array_to_string(list_sort(asked), ', '),
                           '; the ', what, ' with figures are ',
                           array_to_string(list_sort(list_distinct(found)), ', '), '; choose with ', choice, ' := ''',
                           list_sort(list_distinct(found))[1], ''''))
         ELSE true END
);
