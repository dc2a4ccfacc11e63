"""What clients hear: channels, feeds and snapshots over a hub that speaks the Centrifuge protocol."""
