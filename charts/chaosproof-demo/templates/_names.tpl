{{/* All services of the systems that are installed, as JSON: name -> what its system file says of it. */}}
{{- define "demo.services" -}}
{{- $services := dict -}}
{{- range $system, $installed := .Values.systems -}}
{{- if $installed -}}
{{- $services = merge $services ($.Files.Get (printf "files/%s.yaml" $system) | fromYaml).services -}}
{{- end -}}
{{- end -}}
{{- toJson $services -}}
{{- end -}}

{{/* How many instances a service has: the overlay's word, else the system file's, else one. */}}
{{- define "demo.replicas" -}}
{{- .overlay.replicas | default .service.replicas | default 1 | int -}}
{{- end -}}

{{/* What selects the pods of a service: these two never change, or an upgrade would be refused. */}}
{{- define "demo.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "demo.labels" -}}
{{ include "demo.selector" . }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* The version of the cluster, or the one that is asked for where there is no cluster. */}}
{{- define "demo.kubeVersion" -}}
{{- .Values.kubeVersion | default .Capabilities.KubeVersion.Version -}}
{{- end -}}

{{- define "demo.pullSecrets" -}}
imagePullSecrets:
  {{- range .Values.images.pullSecrets }}
  - name: {{ . }}
  {{- else }} []
  {{- end }}
{{- end -}}
