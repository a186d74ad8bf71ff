"""Indexes of what is asked most, and none that another one covers. Nothing is locked for long."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


def without_index(model: str, field: str, to: str, related_name: str, index: str) -> Operation:
    """The foreign key's own index goes. As a plain change of the field, Django would check all rows anew."""
    key = models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to=to
    )
    table, column = f"generations_{model}", f"{field}_id"
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"DROP INDEX CONCURRENTLY IF EXISTS {index}",
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {table} ({column})",
            )
        ],
        state_operations=[migrations.AlterField(model_name=model, name=field, field=key)],
    )


UNFINISHED = ("queued", "processing", "awaiting_approval", "cancelling")


class Migration(migrations.Migration):
    atomic = False  # An index that is built beside the work cannot be built in a transaction.

    dependencies = [
        ("accounts", "0002_budgets"),
        ("generations", "0004_transition"),
        ("storage_app", "0002_references"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        AddIndexConcurrently(
            "generation", models.Index(fields=["-created_at", "-id"], name="generation_created")
        ),
        AddIndexConcurrently(
            "generation",
            models.Index(
                fields=["owner"],
                condition=models.Q(("status__in", UNFINISHED)),
                name="generation_owner_active",
            ),
        ),
        without_index(
            *("clip", "generation", "generations.generation", "clips"),
            "generations_clip_generation_id_de57a080",
        ),
        without_index(
            *("generation", "owner", settings.AUTH_USER_MODEL, "generations"),
            "generations_generation_owner_id_381cfc3f",
        ),
        without_index(
            *("idempotencykey", "owner", settings.AUTH_USER_MODEL, "+"),
            "generations_idempotencykey_owner_id_82509a3f",
        ),
        without_index(
            *("stagerun", "generation", "generations.generation", "stage_runs"),
            "generations_stagerun_generation_id_fab92320",
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
