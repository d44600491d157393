"""Streams that tell clients when something has changed: what they ask for, what they are told, and when they end."""
