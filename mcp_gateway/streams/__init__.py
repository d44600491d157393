"""Streams of change notifications to clients."""
