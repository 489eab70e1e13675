"""Asks app-b over and over through its Service, each time over a new connection, until told to end; prints what failed.

Runs inside the cluster (tests/cluster/test_chart.py gives it to a pod as its command).
"""

import json
import signal
import sys
import time

import grpc

from chaosproof.demo.grpc.demo_pb2 import WorkRequest
from chaosproof.demo.grpc.demo_pb2_grpc import DemoServiceStub

asked, failed, ended = 0, [], []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
print("asking", flush=True)
while not ended:
    asked += 1
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel("app-b:50051", options=options) as channel:
        try:
            DemoServiceStub(channel).Work(WorkRequest(id=f"asker-{asked}"), timeout=2.0)
        except grpc.RpcError as error:
            failed.append(f"{time.time():.2f} {error.code().name} {error.details()}")
    time.sleep(0.02)
print(json.dumps({"asked": asked, "failed": failed}), flush=True)
sys.exit(0)
