"""Skills tried as an agent would call them, by people who have no client at hand."""
