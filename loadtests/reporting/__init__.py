"""What came of a run: a page to read, tables to calculate with, a summary to compare."""
