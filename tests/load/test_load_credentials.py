"""What a load says of who it is: NATS credentials, gRPC metadata, deadlines, and TLS."""

import asyncio
import json
import subprocess
from pathlib import Path

import grpc
import grpc.aio
import pytest

from chaosproof.errors import UsageError
from chaosproof.load.protocols.registry import make_driver
from tests.support.load_client import Client, Outcome, plan_for

WORK = "/demo.v1.Demo/Work"


@pytest.mark.parametrize(
    ("login", "expected"),
    [("", {}), ("u:p%40w@", {"user": "u", "pass": "p@w"}), ("tok@", {"auth_token": "tok"})],
)
def test_a_nats_load_logs_in_as_its_url_says(run, login, expected):
    connects: list[dict] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"auth_required":true}\r\n')
        connects.append(json.loads((await reader.readline()).removeprefix(b"CONNECT ")))
        writer.write(b"-ERR 'Authorization Violation'\r\n")
        await writer.drain()
        writer.close()

    async def test() -> Outcome:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Client(plan_for(f"nats://{login}127.0.0.1:{port}/x")) as client:
            return await client.request()

    assert run(test).code == "NATS_AUTHORIZATION"
    assert {key: connects[0][key] for key in ("user", "pass", "auth_token") if key in connects[0]} == expected


def test_a_grpc_call_has_metadata_a_deadline_and_tls(tmp_path: Path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    argv = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [*argv.split(), *files],
        check=True,
        capture_output=True,
    )
    seen: list[tuple[object, float]] = []

    async def handle(payload: bytes, context: grpc.aio.ServicerContext) -> bytes:
        seen.append((dict(context.invocation_metadata())["authorization"], context.time_remaining()))
        return payload

    async def test() -> list[str]:
        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(handle)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("demo.v1.Demo", {"Work": handler}),)
        )
        pair = [(key.read_bytes(), certificate.read_bytes())]
        secure = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(pair))
        plain = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        codes = []
        for url, ca_file in (
            (f"grpcs://localhost:{secure}{WORK}", str(certificate)),
            (f"grpc://127.0.0.1:{plain}{WORK}", None),
        ):
            plan = plan_for(url, headers={"Authorization": "Bearer x"}, ca_file=ca_file, timeout_s=5)
            async with Client(plan) as client:
                codes.append((await client.request()).code)
        await server.stop(None)
        return codes

    assert asyncio.run(test()) == ["OK", "OK"]
    assert [metadata for metadata, _ in seen] == ["Bearer x"] * 2
    assert all(4 < left_s < 6 for _, left_s in seen)


@pytest.mark.parametrize(
    ("url", "settings", "sentence"),
    [
        (f"grpc://a:1{WORK}", {"ca_file": "ca.pem"}, "write grpcs:// in the url"),
        ("http://a/", {"verify_tls": False}, "write https:// in the url"),
        (f"grpcs://a:1{WORK}", {"verify_tls": False}, "always verifies"),
        (f"grpcs://a:1{WORK}", {"ca_file": "/none.pem"}, "cannot read the certificate authorities"),
        (f"grpc://a:1{WORK}", {"headers": {"grpc-timeout": "1S"}}, "cannot be metadata"),
        (f"grpc://u:p@a:1{WORK}", {}, "put them into a header"),
        ("nats://a/x", {"headers": {"token": "x"}}, "headers is no option of a load over nats"),
    ],
)
def test_what_a_protocol_cannot_send_is_refused(url, settings, sentence):
    with pytest.raises(UsageError, match=sentence):
        make_driver(plan_for(url, **settings))
