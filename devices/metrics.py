"""What the gateway counts, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

READINGS = Counter(
    "smartcloud_readings",
    "Readings settled, by what was seen and the verdict.",
    ("kind", "verdict"),
)
DEAD_LETTERS = Counter("smartcloud_dead_letters", "Messages set aside, by reason.", ("reason",))
FLUSH_READINGS = Histogram(
    "smartcloud_flush_readings",
    "Readings in one flush.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
FLUSH_SECONDS = Histogram("smartcloud_flush_seconds", "From the start of a flush to its commit.")
ACK_SECONDS = Histogram(
    "smartcloud_ack_seconds",
    "From the receipt of the oldest message of a flush to its acknowledgement.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60),
)
IN_HAND = Gauge("smartcloud_gateway_in_hand", "Messages received and not acknowledged yet.")
STORE_AWAY = Counter("smartcloud_gateway_store_away", "Times a flush had to wait for the store.")
