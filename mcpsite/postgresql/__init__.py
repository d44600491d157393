"""PostgreSQL backend for server processes: a bounded number of connections and bounded waits.

Commands use their own connections and wait as long as a statement takes.
"""
