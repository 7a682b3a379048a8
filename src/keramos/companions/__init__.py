"""What people keep beside models -> records, as data.

Enters: files (pickles, joblib, JSON, text, NumPy). Leaves: ``Companion``. Nothing is imported,
looked up or called on behalf of a file.
"""
