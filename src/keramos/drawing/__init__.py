"""Values of ``types`` as words, charts (SVG) and views of notebooks; markup is escaped here."""
