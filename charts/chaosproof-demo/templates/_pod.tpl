{{/* How to ask whether an instance is ready, in the words of its system file: once a second is the quickest there is. */}}
{{- define "demo.check" -}}
{{- if .http -}}
httpGet: {path: {{ .http }}, port: {{ .port }}}
{{- else if .tcp -}}
tcpSocket: {port: {{ .tcp }}}
{{- else -}}
exec: {command: [test, -S, {{ .unix }}]}
{{- end }}
periodSeconds: 1
{{- end -}}

{{/* A container that is there to be entered. It ends at once when it is told to. */}}
{{- define "demo.idleCommand" -}}
[sh, -c, "trap 'exit 0' TERM INT; sleep infinity & wait"]
{{- end -}}

{{- define "demo.mounts" -}}
- {name: run, mountPath: /run}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{/* The pod of one instance of a service. */}}
{{- define "demo.pod" -}}
{{- $root := .root -}}
{{- $environment := merge (dict) (.overlay.environment | default dict) (.service.environment | default dict) -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- include "demo.pullSecrets" $root | nindent 0 }}
# A stopped or killed instance is made so from another container of its pod, as the user it runs as: no capability.
shareProcessNamespace: true
terminationGracePeriodSeconds: {{ add .overlay.preStopSeconds (ceil (.service.stop_grace_period_s | default 2.0)) }}
securityContext:
  {{- include "demo.podSecurity" . | nindent 2 }}
{{- with .service.depends_on }}
initContainers:
  - name: wait
    image: {{ $root.Values.images.demo }}
    imagePullPolicy: {{ $root.Values.images.pullPolicy }}
    command:
      - python
      - -c
      - |
        {{- $root.Files.Get "files/wait_for.py" | nindent 8 }}
      {{- range . }}
      {{- $other := . }}
      {{- range (index $.services $other).ports }}
      - {{ printf "%s:%d" $other (int .) }}
      {{- end }}
      {{- end }}
    securityContext:
      {{- include "demo.containerSecurity" $ | nindent 6 }}
    resources:
      {{- toYaml $root.Values.chaos.resources | nindent 6 }}
{{- end }}
containers:
  - name: app
    image: {{ $root.Values.images.demo }}
    imagePullPolicy: {{ $root.Values.images.pullPolicy }}
    command: {{ toJson .service.command }}
    env:
      - name: INSTANCE_NAME
        valueFrom: {fieldRef: {fieldPath: metadata.name}}
      {{- range $name, $value := $environment }}
      - {name: {{ $name }}, value: {{ $value | quote }}}
      {{- end }}
    ports:
      {{- range $name, $port := .service.ports }}
      - {name: {{ $name }}, containerPort: {{ int $port }}}
      {{- end }}
    {{- with .service.healthcheck }}
    startupProbe:
      {{- include "demo.check" . | nindent 6 }}
      failureThreshold: {{ ceil (.timeout_s | default 20) }}
    readinessProbe:
      {{- include "demo.check" . | nindent 6 }}
      failureThreshold: 1
    {{- end }}
    # Only whether it listens at all: a busy or a paused instance must not be restarted in the middle of an experiment.
    livenessProbe:
      tcpSocket: {port: {{ keys .service.ports | sortAlpha | first }}}
      periodSeconds: 10
      failureThreshold: 6
    {{- if .overlay.preStopSeconds }}
    lifecycle:
      preStop: {exec: {command: [sleep, {{ .overlay.preStopSeconds | quote }}]}}
    {{- end }}
    securityContext:
      {{- include "demo.containerSecurity" . | nindent 6 }}
    resources:
      {{- toYaml .overlay.resources | nindent 6 }}
    volumeMounts:
      {{- include "demo.mounts" . | nindent 6 }}
  {{- if .overlay.chaos }}
  - name: chaos
    image: {{ $root.Values.images.chaos }}
    imagePullPolicy: {{ $root.Values.images.pullPolicy }}
    command: {{ include "demo.idleCommand" . }}
    securityContext:
      {{- include "demo.chaosSecurity" . | nindent 6 }}
    resources:
      {{- toYaml $root.Values.chaos.resources | nindent 6 }}
    volumeMounts:
      {{- include "demo.mounts" . | nindent 6 }}
  {{- end }}
  {{- if eq .name "gateway" }}
  # The gateway's socket is for its own user alone, and so is the load on it: same user, same /run.
  - name: load
    image: {{ $root.Values.images.demo }}
    imagePullPolicy: {{ $root.Values.images.pullPolicy }}
    command: {{ include "demo.idleCommand" . }}
    securityContext:
      {{- include "demo.containerSecurity" . | nindent 6 }}
    resources:
      {{- toYaml $root.Values.chaos.resources | nindent 6 }}
    volumeMounts:
      {{- include "demo.mounts" . | nindent 6 }}
  {{- end }}
volumes:
  - name: run
    emptyDir: {}
  - name: tmp
    emptyDir: {}
{{- end -}}
