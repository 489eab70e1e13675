"""Two small servers as somebody has them: a web server, nginx where it is here, and a shop that asks it each time."""

import shutil
from pathlib import Path

from chaosproof.targets.host_command import command_path

__all__ = ["NGINX", "shop_and_web", "web_command"]

NGINX = shutil.which("nginx", path=command_path())

_SHOP = '''\
"""GET / asks the web server; with FALLBACK=on the last answer stands in for one that does not come."""
import os, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

last_known = b""


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        global last_known
        status = 200
        try:
            with urllib.request.urlopen(os.environ["UPSTREAM"], timeout=1) as answer:
                last_known = body = answer.read()
        except OSError:
            status, body = (200, last_known) if os.environ.get("FALLBACK") == "on" and last_known else (503, b"")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


print("open", flush=True)
ThreadingHTTPServer(("0.0.0.0", 9000), Shop).serve_forever()
'''
_NGINX_CONF = """\
user root;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 8080; location / {{ return 200 "in stock\\n"; }} }}
}}
"""


def shop_and_web(folder: Path) -> dict[str, str]:
    """The programs in `folder`, by name, and how each is started."""
    (folder / "shop.py").write_text(_SHOP)
    (folder / "page").mkdir()
    (folder / "page" / "index.html").write_text("in stock\n")
    (folder / "nginx.conf").write_text(_NGINX_CONF.format(folder=folder))
    return {"web": web_command(folder), "shop": "UPSTREAM=http://web:8080/ python -u shop.py"}


def web_command(folder: Path) -> str:
    """nginx, or the web server that Python has."""
    if NGINX:
        return f"nginx -c {folder}/nginx.conf -g 'daemon off;'"
    return "python -u -m http.server 8080 --directory page"
