{{/* Of a pod. The group lets all its containers write to /run. */}}
{{- define "demo.podSecurity" -}}
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Of every container but the sidecar. */}}
{{- define "demo.containerSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Of the sidecar. Root of its container only: the kernel gives NET_ADMIN to no other user there. */}}
{{- define "demo.chaosSecurity" -}}
runAsNonRoot: false
runAsUser: 0
runAsGroup: 0
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL], add: [NET_ADMIN]}
{{- end -}}
