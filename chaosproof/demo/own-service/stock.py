"""stock, the service behind: how many of an article are left.

PORT=7000 python chaosproof/demo/own-service/stock.py
curl localhost:7000/left
"""

import os

from aiohttp import web


async def left(request: web.Request) -> web.Response:
    return web.json_response({"left": 42})


app = web.Application()
app.router.add_get("/left", left)
web.run_app(app, port=int(os.environ.get("PORT", "7000")), access_log=None, print=None)
