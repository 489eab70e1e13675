"""Ends once every HOST:PORT that it is given can be connected to."""

import socket
import sys
import time

began = time.monotonic()
for place in sys.argv[1:]:
    host, _, port = place.rpartition(":")
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            break
        except OSError as error:
            print(f"waiting for {place} since {time.monotonic() - began:.1f} s: {error}", flush=True)
            time.sleep(0.2)
