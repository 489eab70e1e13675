#!/bin/sh
# Two controls of one experiment: in which order are they called before it, and after it.
#
# One would guess: they nest, as middleware and context managers do. The first one listed is called first before the
# experiment and last after it, so that it sees what the second one has put into the journal. What happens: they are
# called in the order in which they are listed at both ends. The first does not see what the second writes into the
# journal at the end, the second sees what the first wrote; who wants to have the last look has to be listed last.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chaostoolkit==1.19.0 chaostoolkit-lib==1.44.0
cd "$folder"
for name in first second; do
    cat > "$name.py" <<PY
def before_experiment_control(context, **kwargs):
    print("before: $name")


def after_experiment_control(context, state, **kwargs):
    print("after: $name, sees", sorted(key for key in state if key in ("first", "second")))
    state["$name"] = True
PY
done
cat > experiment.json <<'JSON'
{"title": "t", "description": "d", "method": [], "rollbacks": [],
 "controls": [{"name": "first", "provider": {"type": "python", "module": "first"}},
              {"name": "second", "provider": {"type": "python", "module": "second"}}]}
JSON
"$folder/venv/bin/python" -c 'from importlib.metadata import version as v
print("version: chaostoolkit", v("chaostoolkit"), "chaostoolkit-lib", v("chaostoolkit-lib"))'
PYTHONPATH=$folder "$folder/venv/bin/chaos" --no-version-check --no-log-file run experiment.json >out 2>log
echo "behaviour: controls are called in the order of the list at both ends"
cat out
[ "$(cat out)" = "before: first
before: second
after: first, sees []
after: second, sees ['first']" ]
