"""Takes out of what is kept about providers whatever is personal or opens something."""

import re

# 4 KiB: a provider's longest answer that anybody reads; a bill file is not kept here.
MOST = 4_096
_NAMES = (
    "openid|buyer_id|buyer_logon_id|buyer_user_id|buyer_open_id|sign|signature|ciphertext|paySign|"
    "prepay_id|encrypt_certificate|payer_client_ip"
)
_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*)"[^"]*"')
_FORM = re.compile(rf"\b((?:{_NAMES})=)[^&\s]*")


def masked(text: str) -> str:
    """Mask the values of such names in JSON or in a form, and cut what is long."""
    return _FORM.sub(r"\1***", _JSON.sub(r'\1"***"', text[:MOST]))
