#!/bin/sh
# The report for agents of a run whose journal a control has set to deviated.
#
# One would guess: the report's outcome follows the journal that stands in it; it shows `deviated` and `exit_code`, and a
# control may set both (the exit code of `chaos run` follows). What happens: the outcome is "passed" and conclusive, beside
# "deviated": true and an exit code of 1. It is read off the states of the hypothesis alone, and off a status of
# interrupted or aborted; `deviated` and the status `failed` are passed over.
# Needs Python 3.12 or newer, as Chaos Toolkit 1.21 does: PYTHON=python3.13 sh THIS.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3.12}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chaostoolkit==1.21.4 chaostoolkit-lib==1.45.1
cd "$folder"
cat > judge.py <<'PY'
def answers():
    return 0


def after_experiment_control(context, state, **kwargs):
    state["deviated"] = True
PY
cat > experiment.json <<'JSON'
{"title": "t", "description": "d",
 "steady-state-hypothesis": {"title": "h", "probes": [{"type": "probe", "name": "p", "tolerance": 0,
   "provider": {"type": "python", "module": "judge", "func": "answers"}}]},
 "method": [], "rollbacks": [],
 "controls": [{"name": "judge", "provider": {"type": "python", "module": "judge"}}]}
JSON
"$folder/venv/bin/python" -c 'from importlib.metadata import version as v
print("version: chaostoolkit", v("chaostoolkit"), "chaostoolkit-lib", v("chaostoolkit-lib"))'
status=0
PYTHONPATH=$folder "$folder/venv/bin/chaos" --no-version-check --no-log-file run --output agent experiment.json \
    >report.json 2>log || status=$?
echo "behaviour: the report of a deviated run, of exit code $status"
"$folder/venv/bin/python" - <<'PY'
import json
report = json.load(open("report.json"))
print({key: report[key] for key in ("outcome", "conclusive", "exit_code")}, report["journal"]["deviated"])
assert (report["outcome"], report["conclusive"]) == ("passed", True)
assert (report["exit_code"], report["journal"]["deviated"]) == (1, True)
PY
