{{/*
Values that are each allowed (values.schema.json sees to that) and make no sense together. NOTES.txt includes this, so
that lint, template, install and upgrade all refuse them.
*/}}
{{- define "customer-journey.contradictions" -}}
{{- $v := .Values -}}
{{- $p := $v.parameters -}}
{{- if and $v.emulator.enabled $v.google.existingSecret }}
{{- fail (printf "google.existingSecret is %q and emulator.enabled is true: the emulator asks for no key; set emulator.enabled=false for Google's BigQuery, or leave the key out" $v.google.existingSecret) }}
{{- end }}
{{- if and (not $v.emulator.enabled) (eq $v.project "customer-journey") }}
{{- fail "emulator.enabled is false and project is \"customer-journey\", the emulator's: set project to your own Google Cloud project" }}
{{- end }}
{{- if and $v.google.existingSecret (hasKey $v.serviceAccount.annotations "iam.gke.io/gcp-service-account") }}
{{- fail "google.existingSecret and serviceAccount.annotations.iam.gke.io/gcp-service-account are both set: a key would win over workload identity; leave one of them out" }}
{{- end }}
{{- if and $v.postgresql.enabled $v.postgresql.host }}
{{- fail (printf "postgresql.host is %q and postgresql.enabled is true: set postgresql.enabled=false to use that one, or leave the host out" $v.postgresql.host) }}
{{- end }}
{{- if not $v.postgresql.enabled }}
{{- if not $v.postgresql.host }}
{{- fail "postgresql.enabled is false and postgresql.host is empty: say where the shop's PostgreSQL is, or set postgresql.enabled=true" }}
{{- end }}
{{- if not $v.postgresql.existingSecret }}
{{- fail "postgresql.enabled is false and postgresql.existingSecret is empty: name a Secret whose key password is that of postgresql.user" }}
{{- end }}
{{- if not $p.backend }}
{{- fail "postgresql.enabled is false and parameters.backend is not set: give existing to only read your tables, or synthetic to have some made up in that database" }}
{{- end }}
{{- end }}
{{- range $given := list (list "parameters." "start" "end" $p) (list "parameters." "cron_start" "cron_end" $p) (list "source." "start" "end" $v.source) }}
{{- $where := index $given 0 }}
{{- $start := get (index $given 3) (index $given 1) | default "" }}
{{- $end := get (index $given 3) (index $given 2) | default "" }}
{{- if ne (empty $start) (empty $end) }}
{{- fail (printf "%s%s is %q and %s%s is %q: give both, or neither" $where (index $given 1) $start $where (index $given 2) $end) }}
{{- end }}
{{- if gt $start $end }}
{{- fail (printf "%s%s is %q and lies before %s%s, %q: days are inclusive, for a single day both are the same" $where (index $given 2) $end $where (index $given 1) $start) }}
{{- end }}
{{- end }}
{{- if eq $v.artifacts.repository "s3" }}
{{- if and $v.artifacts.s3.existingSecret $v.artifacts.s3.useSDKCreds }}
{{- fail (printf "artifacts.s3.existingSecret is %q and artifacts.s3.useSDKCreds is true: give one of the two" $v.artifacts.s3.existingSecret) }}
{{- end }}
{{- if not (or $v.artifacts.s3.existingSecret $v.artifacts.s3.useSDKCreds) }}
{{- fail "artifacts.repository is s3 and there are no credentials: set artifacts.s3.existingSecret, or artifacts.s3.useSDKCreds=true where pods have an identity of their own" }}
{{- end }}
{{- end }}
{{- end }}
