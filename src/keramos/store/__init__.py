"""Room 7c, versions of models on disk: <root>/<model>/<version>/model.keras, labels, atomic
publish.
"""
