"""The DAG, defined here and nowhere else. The YAML is rendered from it, `local.py` runs it as processes.

          synth
            │
  ┌─────────┼───────────┐
load-ga4  load-users  load-orders
  └─────────┼───────────┘
         dbt-run
            │
         dbt-test
            │
          report
"""

from importlib.metadata import version

from hera.workflows import (
    DAG,
    Artifact,
    ConfigMapEnvFrom,
    Container,
    EmptyDirVolume,
    NoneArchiveStrategy,
    Parameter,
    Resources,
    RetryStrategy,
    SecretEnv,
    SecretVolume,
    WorkflowTemplate,
)
from hera.workflows import models as m

from journey.settings import Settings, variable_of
from workflows import NAME
from workflows.metrics import gauges

VERSION = version("customer-journey")
LABELS = {
    "app.kubernetes.io/name": NAME,
    "app.kubernetes.io/part-of": NAME,
    "app.kubernetes.io/version": VERSION,
    "app.kubernetes.io/managed-by": "hera",
}
ANNOTATIONS = {
    "workflows.argoproj.io/title": "Customer journey",
    "workflows.argoproj.io/description": (
        "Brings GA4's events and the shop's orders into BigQuery, reconciles the two, and writes the report: "
        "artifact `report` of the last task."
    ),
}

DEFAULTS = Settings.model_validate({}).environment()


def setting(name: str, description: str, enum: list[str] | None = None) -> Parameter:
    """A parameter that is a setting of the same name, with the same default."""
    return Parameter(name=name, value=DEFAULTS[variable_of(name)], description=description, enum=enum)


# fmt: off
SETTINGS = [
    setting("start", "First day of the GA4 export to load, UTC, YYYY-MM-DD. "
                     "Empty together with `end`: the last four days the source holds."),
    setting("end", "Last day to load, inclusive, UTC, YYYY-MM-DD. Empty together with `start`."),
    setting("as_of", "Nothing later than this day or time (UTC) exists for the run. Empty: now."),
    setting("backend", "Where orders come from: made up by the first task, or a PostgreSQL that is only read.",
            enum=["synthetic", "existing"]),
    setting("backend_schema", "PostgreSQL schema that holds users, orders and order_items."),
    setting("seed", "Seed of everything made up: the same seed gives the same rows. Only for a synthetic backend."),
    setting("gap_rate", "Share of the made-up orders that are dropped, from 0 up to, not including, 1. "
                        "Only for a synthetic backend."),
    setting("dataset_prefix", "Put before the name of every BigQuery dataset: runs of different prefixes share none."),
    setting("ga4_source", "project.dataset that holds the GA4 export, events_YYYYMMDD."),
    setting("location", "BigQuery location of the datasets. It must be the source's own."),
    setting("time_zone", "IANA time zone of the shop, for days that people read."),
    setting("full_reload", "Read the backend from its first row, not from where the last load ended.",
            enum=["false", "true"]),
]
SECRETS = [
    Parameter(name="postgresql_secret", value=f"{NAME}-postgresql",
              description="Secret whose key `password` is PostgreSQL's. Only the stages that connect get it."),
    Parameter(name="email_salt_secret", value=f"{NAME}-email-salt",
              description="Secret whose key `salt` goes into the hashes of e-mail addresses. Only dbt gets it. "
                          "Where there is none, a salt that everybody knows is used."),
    Parameter(name="google_key_secret", value=f"{NAME}-google-key",
              description="Secret whose key `key.json` is a key of a Google service account. "
                          "Where there is none, the pod's own identity is used."),
]
IMAGES = [
    Parameter(name="image_repository", value=NAME,
              description="Registry and folder of the five images, without a slash at the end."),
    Parameter(name="image_tag", value=VERSION,
              description="Version of the images. Never latest: a run must say what it ran."),
]
# fmt: on

# Every container may write here, and only here: its root file system is read-only.
OUTPUTS = "/tmp/outputs"
COUNTS = Parameter(
    name="counts",
    description="What the stage counted, JSON. dbt's stages count in their artifact instead.",
    value_from=m.ValueFrom(path=f"{OUTPUTS}/counts.json", default="{}"),
)


def readable(name: str, path: str) -> Artifact:
    """A file kept as it is, not packed, so that Argo's UI can show it; a stage that failed may lack it."""
    return Artifact(name=name, path=f"{OUTPUTS}/{path}", archive=NoneArchiveStrategy(), optional=True)


def secret(variable: str, parameter: str, key: str) -> SecretEnv:
    """A variable from the Secret that a parameter names.

    Optional: a stage that the server refuses says so in a sentence; a pod that waits for a Secret says nothing until it
    times out.
    """
    name = f"{{{{workflow.parameters.{parameter}}}}}"
    return SecretEnv(name=variable, secret_name=name, secret_key=key, optional=True)


PASSWORD = secret("PGPASSWORD", "postgresql_secret", "password")
EMAIL_SALT = secret("JOURNEY_EMAIL_SALT", "email_salt_secret", "salt")
# GOOGLE_APPLICATION_CREDENTIALS of the settings names the file in it, where the installation has a key
GOOGLE_KEY = SecretVolume(
    name="google-key",
    secret_name="{{workflow.parameters.google_key_secret}}",
    mount_path="/var/run/secrets/google",
    read_only=True,
    default_mode=0o440,
    optional=True,
)

# 75: the stage asks to be tried again (sysexits.h). 137 and 143: killed, by the kernel for memory or with its node.
# Error: the pod is gone and nobody knows its exit code. Anything else, a failed test above all, would only fail again.
RETRY = RetryStrategy(
    limit=3,
    retry_policy="Always",
    expression='lastRetry.status == "Error" || asInt(lastRetry.exitCode) in [75, 137, 143]',
    # 10, 20, 40 seconds: a database that restarts is back by then
    backoff=m.Backoff(duration="10s", factor=m.IntOrString(root=2), cap="1m"),
)

POD_SECURITY = m.PodSecurityContext(
    run_as_non_root=True,
    run_as_user=10001,  # numeric, or the kubelet cannot tell that it is not root
    run_as_group=10001,
    fs_group=10001,
    seccomp_profile=m.SeccompProfile(type="RuntimeDefault"),
)
CONTAINER_SECURITY = m.SecurityContext(
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    capabilities=m.Capabilities(drop=["ALL"]),
)


def stage(
    image: str,
    command: list[str],
    timeout: str,
    resources: Resources,
    dataset: str = "",
    counts: tuple[str, ...] = (),
    env: dict[str, str] | None = None,
    secrets: list[SecretEnv] | None = None,
    inputs: list[Parameter] | None = None,
    artifacts: list[Artifact] | None = None,
) -> Container:
    """One image as a template of the same name: the settings as its environment, retried, limited, locked down.

    counts: those of its counts that become metrics, labelled with the dataset.
    """
    settings = {variable_of(str(p.name)): f"{{{{workflow.parameters.{p.name}}}}}" for p in SETTINGS}
    return Container(
        name=image,
        labels={"app.kubernetes.io/component": image},
        image=f"{{{{workflow.parameters.image_repository}}}}/{image}:{{{{workflow.parameters.image_tag}}}}",
        image_pull_policy="IfNotPresent",  # images loaded into a cluster by hand are in no registry
        command=command[:1],  # always: without it the controller asks a registry for the image's own
        args=command[1:],
        env=[settings, {"JOURNEY_COUNTS": f"{OUTPUTS}/counts.json"}, env or {}, *(secrets or [])],
        # addresses and the Google project: a matter of the cluster, not of a run
        env_from=[ConfigMapEnvFrom(name=f"{NAME}-settings")],
        inputs=inputs,
        outputs=[COUNTS, *(artifacts or [])],
        retry_strategy=RETRY,
        timeout=timeout,
        resources=resources,
        security_context=CONTAINER_SECURITY,
        # every stage asks BigQuery
        volumes=[EmptyDirVolume(name="tmp", mount_path="/tmp", size_limit=m.Quantity(root="2Gi")), GOOGLE_KEY],
        metrics=list(gauges("{{tasks.name}}", dataset, *counts)),
    )


with WorkflowTemplate(
    name=NAME,
    entrypoint="pipeline",
    labels=LABELS,
    annotations=ANNOTATIONS,
    workflow_metadata=m.WorkflowMetadata(labels=LABELS, annotations=ANNOTATIONS),
    pod_metadata=m.Metadata(labels=LABELS),
    arguments=[*SETTINGS, *IMAGES, *SECRETS],
    service_account_name=NAME,
    security_context=POD_SECURITY,
    # Two runs at once would replace the same days and move the same watermark: the later one waits.
    synchronization=m.Synchronization(mutexes=[m.Mutex(name=NAME)]),
    # Ends a run whose retries add up, well before the next day's. Leaves have limits of their own.
    active_deadline_seconds=4 * 3600,
    # A week to look at a run that went well, a month at one that did not.
    ttl_strategy=m.TTLStrategy(seconds_after_success=7 * 86400, seconds_after_failure=30 * 86400),
    # Ten minutes to read the log of a pod that succeeded; failed ones stay as long as their workflow. Whether logs are
    # kept beyond that is for the artifact repository to say (archiveLogs): here it would overrule an installation.
    pod_gc=m.PodGC(strategy="OnPodSuccess", delete_delay_duration="600s"),
) as template:
    synth = stage(
        "synth",
        ["journey", "synth"],
        timeout="30m",
        resources=Resources(cpu_request="250m", cpu_limit=2, memory_request="512Mi", memory_limit="2Gi"),
        dataset="{{workflow.parameters.backend_schema}}",
        counts=("rows", "bytes"),
        secrets=[PASSWORD],
    )
    load_ga4 = stage(
        "load-ga4",
        ["journey", "load", "ga4"],
        timeout="30m",
        resources=Resources(cpu_request="100m", cpu_limit=1, memory_request="256Mi", memory_limit="1Gi"),
        dataset="{{workflow.parameters.dataset_prefix}}raw_ga4",
        counts=("rows", "bytes"),
    )
    load_backend = stage(
        "load-backend",
        ["journey", "load", "{{inputs.parameters.table}}"],
        timeout="30m",
        resources=Resources(cpu_request="250m", cpu_limit=1, memory_request="512Mi", memory_limit="1Gi"),
        dataset="{{workflow.parameters.dataset_prefix}}raw_backend",
        counts=("rows", "bytes"),
        secrets=[PASSWORD, EMAIL_SALT],
        inputs=[
            Parameter(name="table", enum=["users", "orders"], description="What to load; orders with their items.")
        ],
    )
    dbt = stage(
        "dbt",
        ["dbt", "{{inputs.parameters.command}}"],
        timeout="30m",
        resources=Resources(cpu_request="250m", cpu_limit=1, memory_request="512Mi", memory_limit="1Gi"),
        env={
            "DBT_PROJECT_DIR": "dbt",
            "DBT_PROFILES_DIR": "dbt",
            "DBT_TARGET_PATH": f"{OUTPUTS}/target",
            "DBT_LOG_PATH": f"{OUTPUTS}/logs",
            "DBT_USE_COLORS": "false",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            # unit tests prove the models on made-up rows, before a release; a run tests its data
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
        },
        inputs=[
            Parameter(name="command", enum=["run", "test"], description="Build the models, or test what is built.")
        ],
        artifacts=[readable("run-results", "target/run_results.json")],
    )
    report = stage(
        "report",
        ["journey", "report", "--out", f"{OUTPUTS}/report.html"],
        timeout="15m",
        resources=Resources(cpu_request="100m", cpu_limit=1, memory_request="256Mi", memory_limit="1Gi"),
        dataset="{{workflow.parameters.dataset_prefix}}marts",
        counts=("rows", "bytes", "match_rate"),
        artifacts=[readable("report", "report.html")],
    )

    with DAG(name="pipeline"):
        made = synth(name="synth")
        loaded = [
            load_ga4(name="load-ga4"),
            load_backend(name="load-users", arguments={"table": "users"}),
            load_backend(name="load-orders", arguments={"table": "orders"}),
        ]
        built = dbt(name="dbt-run", arguments={"command": "run"})
        tested = dbt(name="dbt-test", arguments={"command": "test"})
        reported = report(name="report")
        made >> loaded >> built >> tested >> reported  # type: ignore[operator]  # Hera types >> for single tasks only
