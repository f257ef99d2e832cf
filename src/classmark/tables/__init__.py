"""Any table file as one polars frame, read faithfully; what a column means is settled elsewhere."""

from classmark.tables.blocks import read_table_blocks
from classmark.tables.open import KNOWN_ENDINGS, read_table_file
from classmark.tables.table_file import TableFile

__all__ = ["KNOWN_ENDINGS", "TableFile", "read_table_blocks", "read_table_file"]
