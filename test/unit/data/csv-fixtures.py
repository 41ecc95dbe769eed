# Writes the fixtures of test/unit/data/csv.test.ts with Python's csv module: the same table in its dialects and quotings.
#   /usr/bin/python3 test/unit/data/csv-fixtures.py
import csv
import json

ROWS = [["name, first", "size", "colour", "label"],
        ["a \"b\"", 1, "red", "no"],
        ["line\nbreak", -2.5e-3, "", "yes"],
        ["", 1234567890123456789, "blue", "no"],
        ["ä ü", "NA", "red", "yes"]]
made = {}
for name, options in {
    "excel": {},
    "tab": {"delimiter": "\t"},
    "semicolon": {"delimiter": ";", "lineterminator": "\n"},
    "all quoted": {"quoting": csv.QUOTE_ALL},
    "texts quoted": {"quoting": csv.QUOTE_NONNUMERIC, "lineterminator": "\n"},
}.items():
    with open("test/unit/data/csv.tmp", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows(ROWS)
    with open("test/unit/data/csv.tmp", encoding="utf-8", newline="") as file:
        made[name] = file.read()
with open("test/unit/data/csv-tables.json", "w", encoding="utf-8") as file:
    json.dump(made, file, indent=1, ensure_ascii=False)
    file.write("\n")
import os
os.remove("test/unit/data/csv.tmp")
