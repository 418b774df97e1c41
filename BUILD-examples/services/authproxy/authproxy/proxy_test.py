"""The proxy with real servers: a service behind it, SQLite, and PostgreSQL where one is installed."""

import asyncio
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

import aiohttp
import pytest
from aiohttp import web

from authproxy import admin, credentials
from authproxy.limits import RateLimit
from authproxy.proxy import Proxy
from authproxy.users import Unavailable, Users, open_database

KEY = b"a signing key of some length"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Postgres:
    """A PostgreSQL of its own on a free loopback port."""

    def __init__(self, directory):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not programs:
            # In CI the program is there: a skipped test would prove nothing.
            assert not os.environ.get("CI"), "PostgreSQL is missing: apt-get install postgresql"
            pytest.skip("PostgreSQL is missing: apt-get install postgresql")
        self.programs, self.data, self.port = programs[-1], directory + "/data", free_port()
        self.prefix = []
        if os.getuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chmod(directory, 0o755)
            os.makedirs(self.data)
            os.chown(self.data, user.pw_uid, user.pw_gid)
            self.prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self.run(
            "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8"
        )
        self.start()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program, *arguments):
        subprocess.run(
            self.prefix + [os.path.join(self.programs, program)] + list(arguments),
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

    def start(self):
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.data} -c fsync=off"
        )
        self.run("pg_ctl", "-D", self.data, "-w", "-o", options, "-l", self.data + "/log", "start")

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")


@pytest.fixture
def scratch():
    directory = tempfile.mkdtemp()
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
def location(request, scratch):
    if request.param == "sqlite":
        yield "sqlite:" + scratch + "/users.db"
        return
    postgres = Postgres(scratch)
    yield postgres.url
    postgres.stop()


class Service:
    """What is behind the proxy: keeps what it was asked, and answers in pieces."""

    def __init__(self):
        self.requests, self.codes = [], []
        self.release = asyncio.Event()

    async def handle(self, request):
        if request.path == "/socket":
            socket = web.WebSocketResponse(protocols=["chat"])
            await socket.prepare(request)
            self.requests.append((request.method, request.raw_path, request.headers.copy(), 0))
            async for message in socket:
                if message.data == "end":
                    await socket.close(code=4001)
                elif message.type == aiohttp.WSMsgType.BINARY:
                    await socket.send_bytes(message.data)
                else:
                    await socket.send_str(message.data.upper())
            self.codes.append(socket.close_code)
            return socket
        if request.path == "/slow":
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"first ")
            await self.release.wait()
            await response.write(b"second")
            return response
        if request.path == "/broken":
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"half")
            request.transport.abort()
            return response
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
        self.requests.append((request.method, request.raw_path, request.headers.copy(), size))
        return web.Response(text="done", headers={"X-Auth-User": "forged by the service", "X-Own": "yes"})


class Stand:
    """A service, the proxy in front of it, and a client."""

    def __init__(self, location, limit=None, **options):
        self.location, self.limit, self.options = location, limit or RateLimit(0, 1), options

    async def __aenter__(self):
        self.service = Service()
        application = web.Application(client_max_size=1 << 30)
        application.router.add_route("*", "/{path:.*}", self.service.handle)
        upstream, public = free_port(), free_port()
        self.database = open_database(self.location)
        self.users = Users(self.database, **self.options)
        self.proxy = Proxy(f"http://127.0.0.1:{upstream}", self.users, [KEY], self.limit, ["/open"])
        self.runners = []
        for app, port in [(application, upstream), (self.proxy.application(), public)]:
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            self.runners.append(runner)
        self.url = f"http://127.0.0.1:{public}"
        self.client = aiohttp.ClientSession()
        await self.admin("add-user", "ann", "--roles", "reader,writer")
        return self

    async def __aexit__(self, *_):
        await self.client.close()
        for runner in reversed(self.runners):
            await runner.cleanup()
        await self.database.close()

    async def admin(self, *arguments):
        return await admin.run(admin.argument_parser().parse_args(["--database", self.location, *arguments]))

    def token(self, user="ann", lifetime=60):
        return {"Authorization": "Bearer " + credentials.issue_token(user, [KEY], lifetime)}

    async def get(self, path="/", headers=None):
        async with self.client.get(self.url + path, headers=headers) as response:
            return response.status, await response.text()


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 60))


def test_tokens_and_keys_of_active_users_are_accepted_and_nothing_else(location):
    async def check():
        async with Stand(location, fresh=0) as stand:
            key = await stand.admin("add-key", "ann")
            for headers in [stand.token(), {"X-API-Key": key}]:
                assert await stand.get(headers=headers) == (200, "done")
                seen = stand.service.requests[-1][2]
                assert seen["X-Auth-User"] == "ann" and seen["X-Auth-Roles"] == "reader,writer"
                assert "Authorization" not in seen and "X-API-Key" not in seen
            good = stand.token()["Authorization"]
            for headers in [
                {},
                {"Authorization": "Basic YW5u"},
                {"Authorization": good + "0"},
                {"Authorization": good[:-1]},
                {"Authorization": "Bearer ann.99999999999." + "0" * 64},
                stand.token(lifetime=-1),
                stand.token("bob"),
                {"X-API-Key": key[:-1] + ("A" if key[-1] != "A" else "B")},
                {"X-API-Key": "' OR 1=1"},
                {"X-API-Key": key, "Authorization": good},
            ]:
                status, text = await stand.get(headers=headers)
                assert status == 401, (headers, text)
            await stand.admin("revoke-key", key.split(".")[0])
            assert (await stand.get(headers={"X-API-Key": key}))[0] == 401
            await stand.admin("disable-user", "ann")
            assert (await stand.get(headers=stand.token()))[0] == 401
            assert len(stand.service.requests) == 2

    run(check())


def test_a_client_cannot_forge_the_identity(scratch):
    async def check():
        async with Stand("sqlite:" + scratch + "/users.db") as stand:
            forged = {"X-Auth-User": "root", "x-auth-roles": "admin", "X_Auth_User": "root", "X-AUTH_Method": "x"}
            await stand.get(headers={**stand.token(), **forged})
            seen = stand.service.requests[-1][2]
            assert seen.getall("X-Auth-User") == ["ann"] and seen.getall("X-Auth-Roles") == ["reader,writer"]
            assert "X_Auth_User" not in seen and seen.getall("X-Auth-Method") == ["token"]
            # Nor on a path that is open to everybody, nor by naming the header as one of the connection.
            assert (await stand.get("/open/x", headers=forged))[0] == 200
            assert "X-Auth-User" not in stand.service.requests[-1][2]
            await stand.get(headers={**stand.token(), "Connection": "X-Auth-User, X-Auth-Roles"})
            assert stand.service.requests[-1][2]["X-Auth-User"] == "ann"
            # What is behind cannot tell the client an identity either.
            async with stand.client.get(stand.url + "/", headers=stand.token()) as response:
                assert "X-Auth-User" not in response.headers and response.headers["X-Own"] == "yes"
            # An open path is a whole component, and is not reached by going up.
            assert (await stand.get("/openly"))[0] == 401

    run(check())


def test_paths_and_bodies_pass_unchanged_and_as_they_come(scratch):
    async def check():
        async with Stand("sqlite:" + scratch + "/users.db") as stand:
            size = 20_000_000
            sent = 0

            async def body():
                nonlocal sent
                while sent < size:
                    sent += 100_000
                    yield bytes(100_000)

            url = aiohttp.client.URL(stand.url + "/a%2Fb/%20?q=%26&x=1", encoded=True)
            async with stand.client.post(url, data=body(), headers=stand.token()) as response:
                assert response.status == 200
            method, path, seen, received = stand.service.requests[-1]
            assert (method, path, received) == ("POST", "/a%2Fb/%20?q=%26&x=1", size)
            assert seen["Host"] == stand.url.split("//")[1] and seen["X-Forwarded-For"] == "127.0.0.1"
            # The first piece arrives before the answer has ended.
            async with stand.client.get(stand.url + "/slow", headers=stand.token()) as response:
                assert await response.content.readany() == b"first "
                stand.service.release.set()
                assert await response.content.read() == b"second"
            # Half an answer is an error for the client, too.
            with pytest.raises(aiohttp.ClientError):
                async with stand.client.get(stand.url + "/broken", headers=stand.token()) as response:
                    await response.read()

    run(check())


def test_a_websocket_passes_with_the_identity_and_its_close(scratch):
    async def check():
        async with Stand("sqlite:" + scratch + "/users.db") as stand:
            url = aiohttp.client.URL(stand.url + "/socket?x=%2F", encoded=True)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stand.client.ws_connect(url)
            assert refused.value.status == 401
            forged = {"X-Auth-User": "root", "Origin": "https://acme.example"}
            async with stand.client.ws_connect(
                url, headers={**stand.token(), **forged}, protocols=["other", "chat"]
            ) as socket:
                assert socket.protocol == "chat"
                await socket.send_str("hello")
                assert await socket.receive_str() == "HELLO"
                await socket.send_bytes(bytes(3_000_000))
                assert len(await socket.receive_bytes()) == 3_000_000
                await socket.send_str("end")
                assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE and socket.close_code == 4001
            _, path, seen, _ = stand.service.requests[-1]
            assert path == "/socket?x=%2F" and seen.getall("X-Auth-User") == ["ann"] and "Authorization" not in seen
            assert seen["Origin"] == "https://acme.example"
            # The client's close reaches the service, and one that is cut off is closed there as well.
            async with stand.client.ws_connect(url, headers=stand.token()) as socket:
                await socket.close(code=4002)
            socket = await stand.client.ws_connect(url, headers=stand.token())
            socket._response.connection.transport.abort()
            while len(stand.service.codes) < 3:
                await asyncio.sleep(0.01)
            assert stand.service.codes[1:] == [4002, 1001]
            # A path without WebSockets, other protocols, and a proxy that stops.
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stand.client.ws_connect(stand.url + "/plain", headers=stand.token())
            assert refused.value.status == 502
            upgrade = {"Connection": "Upgrade", "Upgrade": "h2c"}
            assert (await stand.get(headers={**stand.token(), **upgrade}))[0] == 501
            socket = await stand.client.ws_connect(url, headers=stand.token())
            await stand.proxy.close_sockets(None)
            assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE and socket.close_code == 1001

    run(check())


def test_a_user_is_limited_and_others_are_not(scratch):
    async def check():
        now = [0.0]
        async with Stand("sqlite:" + scratch + "/users.db", RateLimit(2, 3, clock=lambda: now[0])) as stand:
            await stand.admin("add-user", "bob")
            assert [(await stand.get(headers=stand.token()))[0] for _ in range(5)] == [200, 200, 200, 429, 429]
            assert (await stand.get(headers=stand.token("bob")))[0] == 200
            now[0] += 0.5
            assert [(await stand.get(headers=stand.token()))[0] for _ in range(2)] == [200, 429]
            text = (await stand.proxy.metrics(None)).text
            assert 'authproxy_requests_total{status="200"} 5' in text
            assert 'authproxy_refused_total{reason="too many requests"} 3' in text
            assert await stand.get("/health") == (200, "ok")

    run(check())


def test_known_users_get_on_while_postgresql_is_away(scratch):
    async def check():
        postgres = Postgres(scratch)
        try:
            async with Stand(postgres.url, fresh=0, stale=600) as stand:
                assert (await stand.get(headers=stand.token()))[0] == 200
                await stand.admin("add-user", "bob")
                postgres.stop()
                assert (await stand.get(headers=stand.token()))[0] == 200
                # Unknown is not refused: nobody can say.
                assert (await stand.get(headers=stand.token("bob")))[0] == 503
                postgres.start()
                assert (await stand.get(headers=stand.token("bob")))[0] == 200
        finally:
            postgres.stop()

    run(check())


def test_signing_keys_can_be_changed(scratch):
    path = scratch + "/keys"
    with open(path, "w", encoding="utf-8") as file:
        file.write("new signing key of the file\nold signing key of the file\n")
    keys = credentials.read_keys(path)
    old = credentials.issue_token("ann", keys[1:], 60)
    assert credentials.verify_token(old, keys) == credentials.verify_token(
        credentials.issue_token("ann", keys, 60), keys
    )
    with pytest.raises(credentials.BadCredential):
        credentials.verify_token(old, keys[:1])
    with pytest.raises(credentials.BadCredential):
        credentials.verify_token(credentials.issue_token("ann", keys, 60), keys, now=time.time() + 61)
    with open(path, "w", encoding="utf-8") as file:
        file.write("short\n")
    with pytest.raises(ValueError):
        credentials.read_keys(path)


def test_a_database_that_was_never_there_is_unavailable():
    async def check():
        with pytest.raises(Unavailable):
            await Users(open_database(f"postgresql://nobody@127.0.0.1:{free_port()}/x")).by_name("ann")

    run(check())
