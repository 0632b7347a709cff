{{/* Peers and port lists, spelt out once. The stages' pods are Argo's: they carry these labels by the workflow. */}}
{{- define "customer-journey.stages" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/part-of: customer-journey
  matchExpressions:
    - key: app.kubernetes.io/component
      operator: In
      values: [synth, load-ga4, load-backend, dbt, report]
{{- end }}

{{/* Takes component names. */}}
{{- define "customer-journey.components" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/part-of: customer-journey
  matchExpressions:
    - key: app.kubernetes.io/component
      operator: In
      values: {{ toJson . }}
{{- end }}

{{- define "customer-journey.ports" -}}
{{- range . }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}

{{- define "customer-journey.cidrs" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . }}
{{- end }}
{{- end }}
