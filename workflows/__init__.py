"""The DAG in Hera, its schedule, the YAML and its checks, and the run of the same spec as processes here."""

NAME = "customer-journey"  # of the workflow, of its schedule, and in front of everything that it needs on a cluster
