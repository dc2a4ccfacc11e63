"""The bounds that a hub keeps each connection in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in bytes. A pong has to be due before the next ping."""

    # 25 s: idle connections of mobile networks and proxies are cut from 30 s on.
    ping_s: float = 25.0
    pong_s: float = 8.0
    unauthenticated_s: float = 10.0
    # How long after its token's end a connection, or a subscription, may still bring a new one.
    expiry_grace_s: float = 25.0
    subscription_grace_s: float = 25.0
    frame_bytes: int = 64 * 1024
    channels: int = 128
    channel_length: int = 255
    # Connections to this node, of all users and of one; 0 is no limit.
    connections: int = 0
    user_connections: int = 0
    backlog_bytes: int = 1024 * 1024
    backlog_s: float = 5.0
    # How many missed publications of a channel a returning client can be given.
    recovery_publications: int = 1000
    # How many publications one history request can give.
    history_publications: int = 1000
    # With 10 s of Redis silence allowed, a loss is noticed within 30 s.
    position_check_s: float = 20.0
    presence_ttl_s: int = 60
    # A channel is heard this long after its last subscriber, who may only be reconnecting.
    linger_s: float = 10.0
    closing_s: float = 2.0
    # How long the other nodes have to answer when they are asked what they hold.
    survey_s: float = 2.0
    # New websockets a second, and as many at once after a quiet second; others are asked to come
    # back. A handshake with its subscribe costs as much as 50 deliveries.
    handshakes_s: float = 2500.0
    # How many clients a second are told to go when the node stops.
    goodbyes_s: float = 2000.0
    # Whether publications are compressed for clients that can read it. It costs 40 us a publication
    # here, once for all of them, and each client an inflation; what is saved is about two thirds.
    deflate: bool = False

    def __post_init__(self) -> None:
        # Each ping asks anew: whoever may answer after the next one is never late.
        assert self.pong_s < self.ping_s
