#!/bin/bash
# A good engineer would guess: `docker compose config --format json` is what `docker compose config` prints, in another notation, so that a
# program takes the JSON.
# What really happens: keys of a service that begin with x- are in the YAML and not in the JSON (https://github.com/docker/compose/issues/11528);
# those of the file as a whole are in both. In both a dollar that is meant for the program stays doubled.
set -eu
if command -v docker-compose >/dev/null; then c=docker-compose; elif docker compose version >/dev/null 2>&1; then c="docker compose"; else echo "skipped: needs Docker Compose"; exit 0; fi
case "$($c version)" in *"version 1."*) echo "skipped: needs Docker Compose 2"; exit 0;; esac
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
printf 'x-whole: 1\nservices: {web: {image: x, command: ["$$HOME"], x-own: {ready: /readyz}}}\n' >"$d/compose.yaml"
echo "version: $($c version)"
echo "behaviour: config --format json has no x- keys of services, config (YAML) has them."
for format in yaml json; do
  out=$($c -f "$d/compose.yaml" config --format $format)
  for word in x-whole x-own '$$HOME'; do
    case "$out" in *"$word"*) has=yes;; *) has=no;; esac
    echo "output: $format $word: $has"
    eval "${format}_$(echo "$word" | tr -dc a-zA-Z)=$has"
  done
done
[ "$yaml_xwhole$yaml_xown$yaml_HOME$json_xwhole$json_xown$json_HOME" = yesyesyesyesnoyes ]
