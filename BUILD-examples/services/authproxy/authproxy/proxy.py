"""The proxy: authenticates each request, and passes it on to the service with the user's identity."""

import asyncio
import collections
import logging
import math

import aiohttp
from aiohttp import web

from authproxy.credentials import BadCredential, split_api_key, verify_token
from authproxy.users import Unavailable

LOG = logging.getLogger("authproxy")
# Headers of one connection (RFC 9110, section 7.6.1), which a proxy does not pass on.
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
IDENTITY = "x-auth-"
CREDENTIALS = {"authorization", "x-api-key"}
# The largest WebSocket message: one is held in memory as a whole.
LARGEST_MESSAGE = 16 << 20


def is_identity(name):
    """Whether a header would be taken for the identity: servers turn - into _ and back."""
    return name.lower().replace("_", "-").startswith(IDENTITY)


class Proxy:
    def __init__(self, upstream, users, keys, limit, open_paths=()):
        self.upstream = upstream.rstrip("/")
        self.users, self.keys, self.limit = users, keys, limit
        self.open_paths = tuple(open_paths)
        self.counts = collections.Counter()
        self.running = 0
        self.session = None
        self.sockets = set()

    # Life

    async def start(self, _):
        self.session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=300),
        )

    async def stop(self, _):
        await self.session.close()

    async def close_sockets(self, _):
        """Ends WebSockets, which have no end of their own, when the proxy is to stop."""
        for socket in list(self.sockets):
            await socket.close(code=aiohttp.WSCloseCode.GOING_AWAY, message=b"the proxy stops")

    def application(self):
        application = web.Application()
        application.router.add_get("/health", self.health)
        application.router.add_route("*", "/{path:.*}", self.handle)
        application.on_startup.append(self.start)
        application.on_shutdown.append(self.close_sockets)
        application.on_cleanup.append(self.stop)
        return application

    def metrics_application(self):
        application = web.Application()
        application.router.add_get("/metrics", self.metrics)
        application.router.add_get("/health", self.health)
        return application

    # Requests

    async def handle(self, request):
        self.running += 1
        try:
            response = await self._handle(request)
            self.counts["requests", str(response.status)] += 1
            return response
        finally:
            self.running -= 1

    async def _handle(self, request):
        user, method = None, "none"
        if not self._is_open(request.path):
            try:
                user, method = await self._authenticate(request)
            except BadCredential as error:
                self.counts["refused", str(error)] += 1
                return web.Response(
                    status=401,
                    text=f"authentication failed: {error}\n",
                    headers={"WWW-Authenticate": 'Bearer realm="api"'},
                )
            except Unavailable as error:
                self.counts["refused", "database unavailable"] += 1
                LOG.error("the database cannot be asked: %s", error)
                return web.Response(status=503, text="users cannot be checked now\n", headers={"Retry-After": "5"})
            wait = self.limit.wait(user.name)
            if wait > 0:
                self.counts["refused", "too many requests"] += 1
                return web.Response(
                    status=429, text="too many requests\n", headers={"Retry-After": str(max(1, math.ceil(wait)))}
                )
        return await self._forward(request, user, method)

    def _is_open(self, path):
        return any(path == one or path.startswith(one.rstrip("/") + "/") for one in self.open_paths)

    async def _authenticate(self, request):
        # A header that comes twice could be read one way here and another way behind.
        for name in CREDENTIALS:
            if len(request.headers.getall(name, [])) > 1:
                raise BadCredential("two credentials")
        authorization, key = request.headers.get("Authorization"), request.headers.get("X-API-Key")
        if authorization and key:
            raise BadCredential("two credentials")
        if key:
            return await self.users.by_api_key(*split_api_key(key)), "api-key"
        scheme, _, value = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise BadCredential("no credential")
        return await self.users.by_name(verify_token(value.strip(), self.keys)), "token"

    def _headers(self, request, user, method):
        named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP | CREDENTIALS | named and not is_identity(name)
        ]
        headers.append(("X-Auth-Method", method))
        if user:
            headers += [("X-Auth-User", user.name), ("X-Auth-Roles", user.roles)]
        peer = request.remote or ""
        earlier = [value for name, value in headers if name.lower() == "x-forwarded-for"]
        headers = [(name, value) for name, value in headers if name.lower() != "x-forwarded-for"]
        return headers + [("X-Forwarded-For", ", ".join(earlier + [peer]))]

    async def _forward(self, request, user, method):
        if "upgrade" in request.headers.get("Connection", "").lower():
            if request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._forward_socket(request, user, method)
            return web.Response(status=501, text="connections can be upgraded to WebSockets only\n")
        body = request.content if request.can_read_body else None
        # The path as it came: what looks like another path after decoding must not be one.
        url = aiohttp.client.URL(self.upstream + request.raw_path, encoded=True)
        response = None
        try:
            async with self.session.request(
                request.method,
                url,
                headers=self._headers(request, user, method),
                data=body,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as answer:
                response = web.StreamResponse(status=answer.status, reason=answer.reason)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP and not is_identity(name):
                        response.headers.add(name, value)
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
                return response
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            self.counts["upstream errors", type(error).__name__] += 1
            LOG.warning("%s %s: the service failed: %r", request.method, request.path, error)
            if response is not None and response.prepared:
                # Half an answer must not look like a whole one.
                if request.transport is not None:
                    request.transport.close()
                return response
            return web.Response(status=502, text="the service does not answer\n")

    # WebSockets

    async def _forward_socket(self, request, user, method):
        """Passes messages on in both directions until one side closes."""
        url = aiohttp.client.URL(self.upstream + request.raw_path, encoded=True)
        headers = [
            (name, value)
            for name, value in self._headers(request, user, method)
            if not name.lower().startswith("sec-websocket-")
        ]
        offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if one.strip()]
        try:
            service = await self.session.ws_connect(
                url, headers=headers, protocols=offered, max_msg_size=LARGEST_MESSAGE
            )
        except aiohttp.WSServerHandshakeError as error:
            # The service's own answer, such as 404 for a path without WebSockets.
            return web.Response(
                status=error.status if error.status >= 400 else 502, text="the service refuses a WebSocket\n"
            )
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            self.counts["upstream errors", type(error).__name__] += 1
            LOG.warning("%s %s: the service failed: %r", request.method, request.path, error)
            return web.Response(status=502, text="the service does not answer\n")
        client = web.WebSocketResponse(
            protocols=[service.protocol] if service.protocol else [], max_msg_size=LARGEST_MESSAGE
        )
        try:
            await client.prepare(request)
            self.sockets.add(client)
            directions = [
                asyncio.ensure_future(self._relay(client, service)),
                asyncio.ensure_future(self._relay(service, client)),
            ]
            done, rest = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            for one in rest:
                one.cancel()
            for one in await asyncio.gather(*done, *rest, return_exceptions=True):
                if isinstance(one, Exception):
                    LOG.warning("%s: the WebSocket failed: %r", request.path, one)
        finally:
            self.sockets.discard(client)
            await service.close()
            await client.close()
        return client

    @staticmethod
    async def _relay(source, target):
        async for message in source:
            if message.type == aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type == aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)
        # A connection that was lost has no code that could be sent on (RFC 6455, section 7.4.1).
        code = source.close_code
        await target.close(code=code if code and code not in (1005, 1006, 1015) else aiohttp.WSCloseCode.GOING_AWAY)

    # Monitoring

    async def health(self, _):
        return web.Response(text="ok")

    async def metrics(self, _):
        lines = [
            "# HELP authproxy_requests_total Requests by the status of their answer.",
            "# TYPE authproxy_requests_total counter",
        ]
        names = {
            "requests": ("authproxy_requests_total", "status"),
            "refused": ("authproxy_refused_total", "reason"),
            "upstream errors": ("authproxy_upstream_errors_total", "error"),
        }
        for (kind, label), count in sorted(self.counts.items()):
            metric, name = names[kind]
            lines.append(f'{metric}{{{name}="{label}"}} {count}')
        lines += [
            "# HELP authproxy_requests_running Requests under way.",
            "# TYPE authproxy_requests_running gauge",
            f"authproxy_requests_running {self.running}",
        ]
        return web.Response(text="\n".join(lines) + "\n")
