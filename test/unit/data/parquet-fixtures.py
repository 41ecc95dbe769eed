# Writes the fixtures of test/unit/data/parquet.test.ts with pyarrow: one table in each compression and encoding, and what is in it.
#   python3 test/unit/data/parquet-fixtures.py
import base64
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 11
table = pa.table({
    "id": pa.array(range(ROWS), pa.int64()),
    "small": pa.array([i - 5 for i in range(ROWS)], pa.int8()),
    "size": pa.array([i / 8 for i in range(ROWS)], pa.float32()),
    "wide": pa.array([None if i == 3 else i * 1.5 - 2 for i in range(ROWS)], pa.float64()),
    "yes": pa.array([i % 3 == 0 for i in range(ROWS)], pa.bool_()),
    "colour": pa.array([["red", "blue", "grün"][i % 3] for i in range(ROWS)], pa.string()),
    "kind": pa.array(["a" if i % 2 else "b" for i in range(ROWS)]).dictionary_encode(),
    "label": pa.array([i % 2 + 1 for i in range(ROWS)], pa.uint8()),
})

def written(table, **options):
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return base64.b64encode(file.getvalue()).decode()

files = {codec: written(table, compression=codec, row_group_size=4) for codec in ["none", "snappy", "gzip", "zstd", "brotli"]}
files["pages of version 2"] = written(table, data_page_version="2.0", version="2.6")
files["without dictionaries"] = written(table, use_dictionary=False)
delta = {"id": "DELTA_BINARY_PACKED", "colour": "DELTA_LENGTH_BYTE_ARRAY", "size": "BYTE_STREAM_SPLIT"}
files["delta"] = written(table, use_dictionary=False, column_encoding=delta)
others = {
    "lz4": written(table, compression="lz4"),
    "nested": written(pa.table({"x": [1, 2], "pixels": [[1, 2], [3, 4]]})),
    "struct": written(pa.table({"image": [{"bytes": b"a", "path": "b"}]})),
    "dates": written(pa.table({"x": [1, 2], "day": pa.array([1, 2], pa.date32())})),
    "decimals": written(pa.table({"x": pa.array(["1.25", "-3.5"]).cast(pa.decimal128(9, 3))})),
    "half": written(pa.table({"x": pa.array([1.5, -2], pa.float16())})) if hasattr(pa, "float16") else None,
    "large": written(pa.table({"x": pa.array([2 ** 60, 1], pa.int64())})),
    # Below a struct, and at the root, there are the names of columns.
    "names twice": written(pa.table(
        [pa.array([{"x": 7}, None, {"x": None}]), pa.array([1, 2, 3], pa.int32()), pa.array([4, None, 6], pa.float32())],
        schema=pa.schema([
            pa.field("image", pa.struct([pa.field("x", pa.int64())])),
            pa.field("x", pa.int32(), nullable=False),
            pa.field("schema", pa.float32()),
        ]))),
    "no rows": written(pa.table({"x": pa.array([], pa.float32())})),
}
json.dump({"files": files, "others": others, "rows": table.to_pylist()}, open("test/unit/data/parquet.json", "w", encoding="utf-8"),
          indent=1, ensure_ascii=False)
open("test/unit/data/parquet.json", "a", encoding="utf-8").write("\n")
