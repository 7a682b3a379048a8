"""Somebody else's model and the files beside it -> one recipe.

Enters: an ``Artifact``, companions and tables. Leaves: ``Candidate``s, each of which can be built
into a network with its content. Families have a package each; ``families`` has a row for each.
"""
