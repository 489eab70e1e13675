#!/bin/sh
# A regex tolerance on the body of an HTTP probe whose service answers JSON.
#
# One would guess: the text of the body is searched, or the probe fails; and the run ends with a journal that says so.
# What happens: Chaos Toolkit has parsed the body to an object by then, the regex gets the object, and the TypeError goes
# through the whole run: `chaos validate` calls the experiment valid, `chaos run` ends with 1, after-controls and rollbacks
# are skipped, and there is no journal at all.
set -eu
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chaostoolkit==1.19.0 chaostoolkit-lib==1.44.0
cd "$folder"
cat > server.py <<'PYTHON'
import http.server


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"status": "UP"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
with open("port", "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
PYTHON
python3 server.py &
server=$!
while [ ! -s port ]; do sleep 0.1; done
cat > experiment.json <<JSON
{"title": "t", "description": "d",
 "steady-state-hypothesis": {"title": "h", "probes": [{"type": "probe", "name": "up",
   "tolerance": {"type": "regex", "target": "body", "pattern": "UP"},
   "provider": {"type": "http", "url": "http://127.0.0.1:$(cat port)/"}}]},
 "method": [], "rollbacks": []}
JSON
chaos="$folder/venv/bin/chaos --no-version-check --no-log-file"
"$folder/venv/bin/python" -c 'from importlib.metadata import version as v; print("chaostoolkit", v("chaostoolkit"), v("chaostoolkit-lib"))'
$chaos validate experiment.json >/dev/null 2>&1 && valid=yes || valid=no
$chaos run experiment.json >out 2>&1 && code=0 || code=$?
journal=$([ -e journal.json ] && echo yes || echo no)
echo "valid: $valid; chaos run ended with $code; a journal: $journal; its last line: $(tail -1 out)"
[ "$valid $code $journal" = "yes 1 no" ] && grep -q TypeError out
