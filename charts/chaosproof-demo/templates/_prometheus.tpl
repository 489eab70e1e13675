{{/* Prometheus' configuration, with the labels that a lab gives: one job per service, instances by their names. */}}
{{- define "demo.prometheusConfig" -}}
{{- $interval := "1s" -}}
{{- range $system, $installed := .Values.systems -}}
{{- if $installed -}}
{{- $file := $.Files.Get (printf "files/%s.yaml" $system) | fromYaml -}}
{{- $interval = printf "%vs" (dig "prometheus" "scrape_interval_s" 1 $file) -}}
{{- end -}}
{{- end -}}
global:
  scrape_interval: {{ $interval }}
  scrape_timeout: {{ $interval }}
scrape_configs:
{{- range $name, $service := include "demo.services" . | fromJson }}
{{- with $service.metrics }}
  - job_name: {{ $name }}
    metrics_path: {{ .path | default "/metrics" }}
    static_configs:
    {{- $port := index $service.ports .port | int }}
    {{- $replicas := include "demo.replicas" (dict "service" $service "overlay" (index $.Values.services $name)) | int }}
    {{- range $index := until $replicas }}
      - targets: ['{{ $name }}-{{ $index }}.{{ $name }}-pods:{{ $port }}']
        labels: {instance: {{ $name }}-{{ $index }}, service: {{ $name }}}
    {{- end }}
{{- end }}
{{- end }}
{{- end -}}
