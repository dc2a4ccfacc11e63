"""What a broker asks and is answered; names that we do not know are left out."""

from marshmallow import fields, validate

from handlers.schema import Asked

Text = fields.String
# Of mosquitto's plugins: read 1, write 2, both 3, subscribe 4.
READ, WRITE, SUBSCRIBE = 1, 2, 4


class ConnectionAsked(Asked):
    """Who wants to connect. A client that gives no name or password is sent as null or empty."""

    username = Text(load_default="", allow_none=True, validate=validate.Length(max=256))
    password = Text(load_default="", allow_none=True, validate=validate.Length(max=1024))


class TopicAsked(Asked):
    """Who wants to publish or subscribe where: EMQX says `action`, mosquitto's plugins say `acc`."""

    username = Text(load_default="", allow_none=True, validate=validate.Length(max=256))
    topic = Text(required=True, validate=validate.Length(max=1024))
    action = Text(load_default=None, validate=validate.OneOf(["publish", "subscribe"]))
    acc = fields.Integer(load_default=None, validate=validate.OneOf([READ, WRITE, SUBSCRIBE]))


class Judged(Asked):
    """What the broker is to do: EMQX reads `result`, mosquitto-go-auth reads `ok`."""

    result = Text(required=True, validate=validate.OneOf(["allow", "deny"]))
    ok = fields.Boolean(required=True)
    is_superuser = fields.Boolean(required=True)
