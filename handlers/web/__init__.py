"""Pages and files: the landing page, the built clients, health and metrics."""
