"""A model file -> the values that people see, one part a file. Pages, reports and the terminal draw
them.
"""
