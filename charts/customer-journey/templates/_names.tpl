{{/*
Names are constants and do not follow the release's name: the workflow refers to them. So a namespace holds one
installation; Helm itself refuses a second one, since the objects belong to the first.
*/}}

{{- define "customer-journey.postgresqlSecret" -}}
{{ .Values.postgresql.existingSecret | default "customer-journey-postgresql" }}
{{- end }}

{{- define "customer-journey.googleKeySecret" -}}
{{ .Values.google.existingSecret | default "customer-journey-google-key" }}
{{- end }}

{{- define "customer-journey.emailSaltSecret" -}}
{{ .Values.emailSalt.existingSecret | default "customer-journey-email-salt" }}
{{- end }}

{{- define "customer-journey.artifactStoreSecret" -}}
{{ .Values.artifacts.store.existingSecret | default "customer-journey-artifact-store" }}
{{- end }}

{{/* An image of the project. Takes a list: the context, the image's name. */}}
{{- define "customer-journey.image" -}}
{{- $context := index . 0 -}}
{{ $context.Values.image.repository }}/{{ index . 1 }}:{{ $context.Values.image.tag | default $context.Chart.AppVersion }}
{{- end }}
