"""HTTP: every action enters here, by audience; a handler reads, calls, answers."""
