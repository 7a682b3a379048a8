"""Room 7b, files in -> files out, at any size.

Enters: a loaded model, files or queries. Leaves: files or tables of decisions, and a
``ScoringSummary``. May import: the pipeline and every room below it; pyarrow in the
files named after Arrow and in those of Parquet, databases and Ray; ``backend.py`` says what text
needs, with it and without.
"""
