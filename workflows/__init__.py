"""The DAG in Hera, its schedule, the YAML and its checks, and the run of the same spec as processes here."""
