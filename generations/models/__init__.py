"""The rows that are the truth."""

from generations.models.clip import Clip as Clip
from generations.models.generation import QUEUE_COUNTED as QUEUE_COUNTED
from generations.models.generation import SMALLEST_USD as SMALLEST_USD
from generations.models.generation import Approval as Approval
from generations.models.generation import Generation as Generation
from generations.models.generation import Transition as Transition
from generations.models.idempotency_key import IdempotencyKey as IdempotencyKey
from generations.models.progress_event import ProgressEvent as ProgressEvent
from generations.models.provider_call import ProviderCall as ProviderCall
from generations.models.stage_run import StageRun as StageRun
