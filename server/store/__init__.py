"""Where it is all kept: MongoDB behind the unit of work, and the relay of what was told."""
