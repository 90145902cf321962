-- en: A note of the indicators or comparisons in Chinese, as the tables for authors have it; another text as it stands.
-- zh: 指标或对照的注释的中文，与作者用表一致；其他文字原样返回。
-- said en: The note, as it stands in a view or in what a macro gives.
-- said zh: 注释，取自视图或宏的结果。
CREATE MACRO main.note_zh(said) AS coalesce((SELECT n.note_zh FROM store.notes n WHERE n.note = said), said);
