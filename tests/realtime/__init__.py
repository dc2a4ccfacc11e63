"""Tests of the generic realtime core: it knows no product, and neither do they."""
