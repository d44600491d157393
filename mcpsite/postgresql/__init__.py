"""PostgreSQL for a process that serves: a bounded number of connections, and no wait without an end.

Commands take connections of their own and wait as long as a statement takes.
"""
