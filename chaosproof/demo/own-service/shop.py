"""shop, the service in front: asks stock for every user. With SHIELD=on it survives that stock cannot be reached.

    PORT=8000 STOCK=http://localhost:7000 SHIELD=on python chaosproof/demo/own-service/shop.py
    curl -i localhost:8000/buy

The shield is two habits: sell by the last known count when stock is out of reach, and say so on /readyz, so that new
users are sent to another shop until stock answers again.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

NAME = os.environ.get("INSTANCE_NAME", socket.gethostname())
STOCK = os.environ.get("STOCK", "http://stock:7000")
SHIELD = os.environ.get("SHIELD", "off") == "on"
TIMEOUT = aiohttp.ClientTimeout(total=2)
ASK_AGAIN_S = 0.05


class Shop:
    def __init__(self) -> None:
        self.last_known: int | None = None
        self.reachable = True

    async def session(self, app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as self.http:
            watch = asyncio.create_task(self.watch())
            yield
            watch.cancel()

    async def ask(self) -> int:
        async with self.http.get(f"{STOCK}/left") as answer:
            answer.raise_for_status()
            return int((await answer.json())["left"])

    async def buy(self, request: web.Request) -> web.Response:
        try:
            self.last_known = await self.ask()
            code = "SUCCESS"
        except (aiohttp.ClientError, TimeoutError):
            self.reachable = False
            code = "LAST_KNOWN" if SHIELD and self.last_known is not None else "OUT_OF_REACH"
        answer = web.json_response(
            {"code": code, "left": self.last_known},
            status=503 if code == "OUT_OF_REACH" else 200,
            headers={"x-instance": NAME},
        )
        if SHIELD and not self.reachable:
            answer.force_close()  # this user's next connection goes to a shop that is ready
        return answer

    async def ready(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self.reachable or not SHIELD else 503)

    async def watch(self) -> None:
        """Out of reach, ask until stock answers."""
        while True:
            if not self.reachable:
                try:
                    self.last_known = await self.ask()
                    self.reachable = True
                    print("stock answers again", flush=True)
                except (aiohttp.ClientError, TimeoutError):
                    pass
            await asyncio.sleep(ASK_AGAIN_S)


shop = Shop()
app = web.Application()
app.cleanup_ctx.append(shop.session)
app.router.add_get("/buy", shop.buy)
app.router.add_get("/readyz", shop.ready)
print(f"{NAME} sells, shield {'on' if SHIELD else 'off'}", flush=True)
web.run_app(app, port=int(os.environ.get("PORT", "8000")), access_log=None, print=None)
