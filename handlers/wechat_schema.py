"""What goes into and comes out of the API about who holds a phone in WeChat."""

from marshmallow import Schema, validate

from handlers.schema import Text


class WeChatCode(Schema):
    """What `wx.login` gave the phone."""

    code = Text(required=True, validate=validate.Length(1, 128))


class WeChatOpenid(Schema):
    """Who pays, in WeChat's words."""

    openid = Text(required=True)


class ReturnBody(Schema):
    """The page to which WeChat's browser is to come back, as it is configured."""

    return_to = Text(required=True, validate=validate.Length(1, 256))


class AuthorizePage(Schema):
    """Where WeChat's browser goes to say who holds the phone."""

    url = Text(required=True)


class ReturnedCode(WeChatCode):
    """What WeChat's browser came back with."""

    state = Text(required=True, validate=validate.Length(1, 128))
