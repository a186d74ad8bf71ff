import pytest
from django.contrib.auth import get_user_model
from generations.services.generations import generation_create
from generations.models import *
REQ = dict(prompt="A coffee cup in rainy Tokyo", duration_seconds=8, aspect_ratio="16:9", resolution="480p", style="", brand=None, provider="auto", model="", approval="auto", max_cost_usd=None, seed=None, metadata={})

@pytest.mark.django_db(transaction=True)
def test_it(monkeypatch):
    u = get_user_model().objects.create(username="alice")
    c = generation_create(owner=u, request=REQ, idempotency_key="x")
    c2 = generation_create(owner=u, request=REQ, idempotency_key="x")
    assert c2.replayed and c2.generation == c.generation
    from generations.tasks import run_stage
    for r in StageRun.objects.all(): print(r, r.queue); run_stage(str(r.pk))
    for r in StageRun.objects.all(): print(r, r.queue)
    for e in ProgressEvent.objects.all(): print(e.as_message())
    run_stage(str(StageRun.objects.get(stage="micro_prompts").pk))
    for r in StageRun.objects.all(): print(r, r.queue, r.error_message)
    print(Generation.objects.with_queue_position().values().get())
