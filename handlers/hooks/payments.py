"""What payment providers call when something was paid or given back. They prove who they are."""

from handlers.base import Handler
from server.kernel.access import Audience


class PaymentNotice(Handler):
    """`/hooks/{provider}`: a notice, read as the very bytes that came."""

    audience = Audience.SYSTEM

    async def post(self, provider: str) -> None:
        """Take a notice; answered with success only once it is committed."""
        headers = {name: self.request.headers[name] for name in self.request.headers}
        reply = await self.app.desk.hear(provider, headers, self.request.body)
        self.set_status(reply.status)
        self.set_header("Content-Type", reply.content_type)
        await self.finish(reply.body or None)
