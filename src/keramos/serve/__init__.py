"""Room 7a, a loaded model -> network protocols. Rules: an engine once, protocols that only
translate.
"""
