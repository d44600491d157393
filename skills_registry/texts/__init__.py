"""Texts of problems, findings and refusals: one table per kind, keyed by code, and their rendering.

Rules produce codes and parameters; only `render` knows the reader's language.
"""
