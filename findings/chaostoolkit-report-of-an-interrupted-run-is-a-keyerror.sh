#!/bin/sh
# A report of a run that was interrupted while an activity was at work.
#
# One would guess: the report says that the run was interrupted, and shows what there is; that is the run that one wants
# a report of. What happens: Chaos Toolkit writes the activity that was interrupted without a `status`, its reporting
# extension reads the status of every activity, and `chaos report` ends with 1 and a KeyError. No report is written.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    chaostoolkit==1.19.0 chaostoolkit-lib==1.44.0 chaostoolkit-reporting==0.18.0
cd "$folder"
cat > experiment.json <<'JSON'
{"title": "t", "description": "d",
 "method": [{"type": "action", "name": "waits", "provider": {"type": "process", "path": "sh",
   "arguments": ["-c", "touch on; exec sleep 60"]}}], "rollbacks": []}
JSON
chaos="$folder/venv/bin/chaos --no-version-check --no-log-file"
"$folder/venv/bin/python" -c 'from importlib.metadata import version as v
print("chaostoolkit", v("chaostoolkit"), v("chaostoolkit-lib"), "reporting", v("chaostoolkit-reporting"))'
$chaos run experiment.json >run.out 2>&1 &
run=$!
while [ ! -e on ]; do sleep 0.1; done
kill -TERM $run
wait $run || true
status=$(python3 -c 'import json; j = json.load(open("journal.json")); print(j["status"], "status" in j["run"][0])')
$chaos report --export-format=html journal.json report.html >report.out 2>&1 && code=0 || code=$?
report=$([ -e report.html ] && echo yes || echo no)
echo "journal, and does its activity have a status: $status; chaos report ended with $code; a report: $report"
tail -1 report.out
[ "$status $code $report" = "interrupted False 1 no" ] && grep -q "KeyError: 'status'" report.out
