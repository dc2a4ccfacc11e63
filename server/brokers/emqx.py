"""EMQX 5's configuration: it asks our hooks who may connect, publish and subscribe; else it denies."""

import json

CONFIG = "emqx.conf"


def config_text(*, hooks_url: str, secret: str) -> str:
    """Write what goes into `etc/emqx.conf` (HOCON); `hooks_url` is where `serve` is reached.

    Whatever answer does not come means "ignore" to EMQX, and behind the last authenticator and the
    last source of rules that is a refusal: an outage of ours lets nobody in.
    """
    asks_auth = _asking(
        f"{hooks_url}/hooks/mqtt/auth", secret, 'username = "${username}", password = "${password}"'
    )
    asks_acl = _asking(
        f"{hooks_url}/hooks/mqtt/acl",
        secret,
        'username = "${username}", topic = "${topic}", action = "${action}"',
    )
    return f"""\
authentication = [
  {{ mechanism = password_based, backend = http, {asks_auth} }}
]

authorization {{
  no_match = deny
  deny_action = ignore
  # 30 s: a device that is disabled is silenced within that time, without a question a message.
  cache {{ enable = true, max_size = 32, ttl = 30s }}
  sources = [
    {{ type = http, {asks_acl} }}
  ]
}}

mqtt {{
  max_packet_size = 256KB
  max_inflight = 1000
  max_mqueue_len = 100000
  session_expiry_interval = 24h
}}
durable_sessions {{ enable = true }}
"""


def _asking(url: str, secret: str, body: str) -> str:
    """Write how one hook is asked."""
    return f"""enable = true
    method = post
    url = {json.dumps(url)}
    headers {{
      content-type = "application/json"
      authorization = {json.dumps(f"Bearer {secret}")}
    }}
    body {{ {body} }}
    request_timeout = 5s
    pool_size = 16"""
