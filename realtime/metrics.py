"""What a node's realtime part counts, for Prometheus."""

from functools import partial

from prometheus_client import Counter, Histogram
from prometheus_client import Gauge as AnyGauge

# Where several processes share a port, what each has now is told with its pid, and ends with it.
Gauge = partial(AnyGauge, multiprocess_mode="liveall")

CONNECTIONS = Gauge("realtime_connections", "Open sockets that have connected")
SUBSCRIPTIONS = Gauge("realtime_subscriptions", "Subscriptions of open sockets")
CHANNELS = Gauge("realtime_channels", "Channels that this node hears")
PUBLICATIONS = Counter("realtime_publications", "Publications that this node heard")
DELIVERIES = Counter("realtime_deliveries", "Publications handed to sockets")
JOINED = Counter(
    "realtime_joined_frames", "Frames that left in a send together with an earlier one"
)
RECOVERIES = Counter("realtime_recoveries", "Recoveries that clients asked for", ["result"])
GAPS = Counter("realtime_gaps", "Losses noticed on a live channel", ["outcome"])
CLOSES = Counter("realtime_closes", "Sockets closed by the server", ["code"])
MERGED = Counter(
    "realtime_merged_publications", "Publications of state channels that a later one has taken in"
)
HANDSHAKES = Counter("realtime_handshakes", "Websockets that were asked for", ["result"])
BACKLOG = Gauge("realtime_backlog_bytes", "Bytes that wait for readers, four times a second")
BACKLOGGED = Gauge("realtime_backlogged_sockets", "Sockets whose reader is behind")
LATENCY = Histogram(
    "realtime_publish_to_deliver_seconds",
    "From the sender's clock until the last subscriber of this node was served",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
LOOP_LAG = Histogram(
    "realtime_loop_lag_seconds",
    "How late a timer of the event loop fired",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
