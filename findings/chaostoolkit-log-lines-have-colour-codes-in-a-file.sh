#!/bin/sh
# The log of a run whose stderr is a file.
#
# One would guess: plain text; the formatter of Chaos Toolkit asks whether there is a terminal with colours. What happens:
# each line begins with the code of a colour, on the console and in chaostoolkit.log. The formatter asks only for the
# code that ends the colour, which is left out; NO_COLOR and TERM=dumb change nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chaostoolkit==1.19.0 chaostoolkit-lib==1.44.0
cd "$folder"
echo '{"title": "t", "description": "d", "method": [], "rollbacks": []}' > experiment.json
"$folder/venv/bin/python" -c 'from importlib.metadata import version as v
print("version: chaostoolkit", v("chaostoolkit"), "chaostoolkit-lib", v("chaostoolkit-lib"))'
NO_COLOR=1 TERM=dumb "$folder/venv/bin/chaos" --no-version-check validate experiment.json 2>console || true
escape=$(printf '\033')
echo "behaviour: lines with an escape code, and lines in all"
for file in console chaostoolkit.log; do
    printf '%s: %s of %s\n' "$file" "$(grep -c "$escape" "$file")" "$(wc -l < "$file")"
    [ "$(grep -c "$escape" "$file")" -eq "$(wc -l < "$file")" ]
done
