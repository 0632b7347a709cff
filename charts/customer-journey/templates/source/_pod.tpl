{{/* The pod that fills source A. In a template of its own, since the Job's name follows it. */}}
{{- define "customer-journey.sourcePod" -}}
{{- $source := .Values.source -}}
metadata:
  labels:
    {{- include "customer-journey.podLabels" (list . "source") | nindent 4 }}
spec:
  {{- include "customer-journey.pod" (list . 10001) | nindent 2 }}
  automountServiceAccountToken: false
  restartPolicy: Never
  containers:
    - name: source
      image: {{ include "customer-journey.image" (list . "synth") }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [journey, source]
      args:
        {{- if $source.existingClaim }}
        - --days
        - /days
        {{- else }}
        - --scale
        - {{ $source.scale | quote }}
        - --seed
        - {{ $source.seed | int64 | quote }}
        {{- with $source.start }}
        - --start
        - {{ . | quote }}
        - --end
        - {{ $source.end | quote }}
        {{- end }}
        {{- end }}
      env:
        - name: GOOGLE_CLOUD_PROJECT
          value: {{ .Values.project }}
        - name: BIGQUERY_EMULATOR_HOST
          value: {{ include "customer-journey.emulatorHost" . }}
        {{- with .Values.parameters.ga4_source }}
        - name: JOURNEY_GA4_SOURCE
          value: {{ . }}
        {{- end }}
      resources:
        {{- toYaml $source.resources | nindent 8 }}
      securityContext:
        {{- include "customer-journey.containerSecurityContext" . | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if $source.existingClaim }}
        - name: days
          mountPath: /days
          readOnly: true
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 4Gi
    {{- with $source.existingClaim }}
    - name: days
      persistentVolumeClaim:
        claimName: {{ . }}
        readOnly: true
    {{- end }}
{{- end }}
