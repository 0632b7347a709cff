{{/* What never changes in an object's life. Takes a list: the context, the component. */}}
{{- define "customer-journey.selectorLabels" -}}
{{- $context := index . 0 -}}
app.kubernetes.io/name: customer-journey
app.kubernetes.io/instance: {{ $context.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of pods. part-of is what the network policies select, the stages' pods too. */}}
{{- define "customer-journey.podLabels" -}}
{{ include "customer-journey.selectorLabels" . }}
app.kubernetes.io/part-of: customer-journey
{{- end }}

{{/* Labels of objects. */}}
{{- define "customer-journey.labels" -}}
{{- $context := index . 0 -}}
{{ include "customer-journey.podLabels" . }}
app.kubernetes.io/version: {{ $context.Values.image.tag | default $context.Chart.AppVersion | trunc 63 | trimAll "._-" | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version }}
{{- end }}

{{/* What every pod says of itself. Takes a list: the context, the numeric user (and group) id. */}}
{{- define "customer-journey.pod" -}}
{{- $context := index . 0 -}}
{{- $id := index . 1 -}}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $id }}
  runAsGroup: {{ $id }}
  fsGroup: {{ $id }}
  # a volume is given to the group once, not file by file at each start
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
enableServiceLinks: false
{{- with $context.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $context.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $context.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "customer-journey.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* A claim. Takes a persistence value. */}}
{{- define "customer-journey.claim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}

{{/*
A generated value, in base64: the one that the Secret in the cluster holds, else a new one. So an upgrade keeps it.
Takes a list: the context, the Secret's name, the key, the length.
*/}}
{{- define "customer-journey.generated" -}}
{{- $context := index . 0 -}}
{{- $secret := lookup "v1" "Secret" $context.Release.Namespace (index . 1) | default dict -}}
{{- get ($secret.data | default dict) (index . 2) | default (randAlphaNum (int (index . 3)) | b64enc) -}}
{{- end }}

{{/* Where the emulator answers. */}}
{{- define "customer-journey.emulatorHost" -}}
http://customer-journey-bigquery-emulator:9050
{{- end }}
