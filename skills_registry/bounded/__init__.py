"""Processes untrusted texts in worker processes, with limits of CPU time and memory.

The libraries that parse such texts have no limits: a Markdown table or a regular expression can take minutes
or gigabytes, and blocks every other request of the process.
"""
