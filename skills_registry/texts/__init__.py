"""What people read of problems, findings and refusals: one table per kind, by code, and their rendering.

Rules give codes and values; only `render` knows the reader's language.
"""
