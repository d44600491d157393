"""Work on texts of strangers, done in worker processes with limits of CPU time and memory.

Libraries that read such texts promise neither: a Markdown table or a regular expression can take minutes
or gigabytes, and holds up every other request of the process meanwhile.
"""
