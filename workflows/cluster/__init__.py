"""The workflow on a Kubernetes cluster: applied, started, followed, and run for days that are long past."""
