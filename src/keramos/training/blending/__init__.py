"""Several models of one table, compared on inner folds and blended."""
