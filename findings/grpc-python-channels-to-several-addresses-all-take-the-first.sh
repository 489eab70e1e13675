#!/bin/sh
# One would guess that thirty gRPC channels of Python, each with connections of its own, to a target of three addresses are
# spread over them somehow. All thirty take the first address: the default policy, pick_first, goes through the list in its
# order, and a name of a Compose service with copies comes in one order for all. The service config's shuffleAddressList
# spreads them, and Python passes it through the channel argument grpc.service_config.
set -eu
d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
python3 -m venv "$d/venv"
"$d/venv/bin/pip" install -q --disable-pip-version-check grpcio==1.80.1
cat >"$d/try.py" <<'END'
import asyncio
import collections
import json

import grpc


class Say(grpc.GenericRpcHandler):
    def __init__(self, name):
        self.name = name

    def service(self, details):
        async def answer(request, context):
            return self.name

        return grpc.unary_unary_rpc_method_handler(answer)


async def taken(target, config):
    options = [("grpc.use_local_subchannel_pool", 1)]
    if config:
        options.append(("grpc.service_config", json.dumps(config)))
    counts = collections.Counter()
    for _ in range(30):
        async with grpc.aio.insecure_channel(target, options=options) as channel:
            counts[(await channel.unary_unary("/any/Call")(b"")).decode()] += 1
    return dict(sorted(counts.items()))


async def main():
    ports, servers = [], []
    for name in (b"first", b"second", b"third"):
        server = grpc.aio.server()
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        server.add_generic_rpc_handlers((Say(name),))
        await server.start()
        servers.append(server)
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    plain = await taken(target, None)
    shuffled = await taken(target, {"loadBalancingConfig": [{"pick_first": {"shuffleAddressList": True}}]})
    for server in servers:
        await server.stop(None)
    print(f"version: grpcio {grpc.__version__}")
    print("behaviour: all channels take the first address of the list; with shuffleAddressList they are spread.")
    print(f"output: as it is {plain}; with shuffleAddressList {shuffled}")
    assert plain == {"first": 30}, "the channels are spread by themselves now"
    assert len(shuffled) == 3, "shuffleAddressList does not spread them any more"


asyncio.run(main())
END
"$d/venv/bin/python" "$d/try.py"
