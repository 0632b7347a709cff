"""The daily run: one CronWorkflow on the template of pipeline.py."""

from hera.workflows import CronWorkflow, Parameter
from hera.workflows import models as m

from workflows import NAME
from workflows.pipeline import ANNOTATIONS, LABELS

schedule = CronWorkflow(
    name=NAME,
    labels=LABELS,
    annotations=ANNOTATIONS,
    # Google writes yesterday's shard during the day, as a rule by the afternoon of the property's time zone.
    schedules=["30 16 * * *"],
    # The shop's, because the controller's local time is nobody's. 16:30 comes once a day, also when clocks change.
    timezone="America/Los_Angeles",
    # A run that overlaps the last one would only wait for its mutex: leave it out, the next one loads the same days.
    concurrency_policy="Forbid",
    # A controller that was down at 16:30 starts the run up to six hours late; later, tomorrow's is near enough.
    starting_deadline_seconds=6 * 3600,
    # Five failures need a person, not a sixth. Argo counts from the schedule's creation on: to start anew, delete it
    # and apply it again.
    stop_strategy=m.StopStrategy(expression="cronworkflow.failed >= 5"),
    # A week of good runs to compare with, and every failure until the schedule stops. The template's TTL comes first.
    successful_jobs_history_limit=7,
    failed_jobs_history_limit=5,
    # Empty: the last four days that the source holds. A shard of GA4 changes for up to three days after its own, and a
    # loaded day is replaced whole, so each day is brought in four times and is final the last time.
    arguments=[Parameter(name="start", value=""), Parameter(name="end", value="")],
    workflow_template_ref=m.WorkflowTemplateRef(name=NAME),
)
