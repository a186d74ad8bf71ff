"""Reference pictures: whose they are, which of them a generation uses, and when one may go."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from generations.models import Generation
from generations.providers.base import ReferenceFile
from generations.states import FINISHED
from storage_app.models import Asset, AssetKind
from storage_app.services import assets_delete
from videogen.kernel.errors import DomainError


class UnknownReference(DomainError):
    """The request names a picture that the caller does not have. `details["errors"]` names the field."""

    code = "request.invalid"
    status = 400


class ReferenceInUse(DomainError):
    """A generation that has not ended uses the picture."""

    code = "asset.in_use"


def references_of(owner: User) -> QuerySet[Asset]:
    """The pictures that are this user's own, newest first."""
    return Asset.objects.filter(owner=owner, kind=AssetKind.REFERENCE).order_by("-created_at", "-id")


def references_check(*, owner: User, ids: Sequence[str]) -> None:
    """Raises `UnknownReference` unless all of them are the owner's own."""
    if not ids:
        return
    known = {str(pk) for pk in references_of(owner).filter(pk__in=ids).values_list("pk", flat=True)}
    if unknown := [each for each in ids if each not in known]:
        message = f"You have no reference picture {', '.join(unknown)}; POST /api/v1/assets makes one."
        errors = [{"field": "references", "code": "unknown", "message": message}]
        raise UnknownReference("These fields are not right: references.", errors=errors)


def references_hold(*, owner: User, ids: Sequence[str]) -> None:
    """The same, and until this transaction ends nobody can delete them."""
    if ids:
        list(references_of(owner).select_for_update(no_key=True).filter(pk__in=ids).values_list("pk"))
    references_check(owner=owner, ids=ids)


def reference_delete(*, asset: Asset) -> None:
    """Delete the picture. Raises `ReferenceInUse` while an unfinished generation uses it."""
    with transaction.atomic():
        # Whoever begins to use it holds it until that can be seen below.
        list(Asset.objects.select_for_update().filter(pk=asset.pk))
        if users := _unfinished_users(asset):
            message = f"Generation {users[0]} uses this picture and has not ended; wait for it, or cancel it."
            raise ReferenceInUse(message, generation_ids=[str(pk) for pk in users])
        assets_delete(assets=[asset])


def _unfinished_users(asset: Asset) -> list[UUID]:
    users = Generation.objects.filter(owner=asset.owner_id, references__contains=[str(asset.pk)])
    return list(users.exclude(status__in=FINISHED).values_list("pk", flat=True)[:10])


def reference_files(generation: Generation) -> tuple[ReferenceFile, ...]:
    """The pictures that a generation's clips are made from, in their order; not those that are deleted."""
    return tuple(ReferenceFile(each.sha256, each.media_type) for each in reference_assets(generation))


def reference_assets(generation: Generation) -> list[Asset]:
    """Likewise, as they are stored."""
    if not generation.references:
        return []
    found = Asset.objects.filter(owner=generation.owner_id, kind=AssetKind.REFERENCE).in_bulk(
        [UUID(each) for each in generation.references]
    )
    return [found[UUID(each)] for each in generation.references if UUID(each) in found]
