-- One row per file of an edition, with what its card says. $dataset and $vintage choose the edition.
SELECT dataset, vintage, file AS locator, publisher_zh, publisher_en, title_zh, title_en, terms, accessed, sha256,
       place, bytes
FROM edition_files
WHERE dataset = $dataset AND vintage = $vintage
ORDER BY file
