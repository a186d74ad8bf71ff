"""Reference pictures: send one, look at them, fetch their bytes, delete them."""

from collections.abc import Mapping
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpResponseBase, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from generations.api import examples, shapes
from generations.api.base import ApiView, caller, validated
from generations.api.fields import StrictSerializer, refusals
from generations.api.media import RANGE
from generations.api.outputs import asset_address, asset_output
from generations.api.schema import LOCATION, answer, operation
from generations.services.references import reference_delete, references_of
from storage_app.models import Asset
from storage_app.responses import asset_response
from storage_app.services import reference_create
from videogen.kernel.errors import DomainError

#: Of the list.
MOST_ASSETS = 100
CHUNK_BYTES = 2**16


class UploadTooLarge(DomainError):
    """The body is larger than MAX_UPLOAD_BYTES. Nothing of it was read."""

    code = "request.too_large"
    status = 413


class PictureParser(BaseParser):
    """A body that is the picture itself."""

    media_type = "image/*"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, UploadedFile]:
        file = TemporaryUploadedFile("picture", media_type or "", 0, None)
        while chunk := stream.read(CHUNK_BYTES):
            file.write(chunk)
        file.size = file.tell()
        file.seek(0)
        return {"file": file}


class OneFile(serializers.FileField):
    """A second one under the same name is refused, not left out."""

    def get_value(self, dictionary: Any) -> Any:
        files = dictionary.getlist(self.field_name or "") if isinstance(dictionary, QueryDict) else []
        return files if len(files) > 1 else super().get_value(dictionary)


@extend_schema_serializer(component_name="Upload")
class UploadInput(StrictSerializer):
    """The body of `POST /assets`."""

    allowed = "multipart/form-data with one field, file"

    file = OneFile(
        allow_empty_file=True,  # It is refused as the picture that it is not.
        error_messages=refusals("one picture: JPEG, PNG or WebP"),
        help_text="JPEG, PNG or WebP, from 64 pixels a side to 40 million pixels.",
    )


class AssetsView(ApiView):
    """`/assets`."""

    parser_classes = [MultiPartParser, PictureParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        length = request.headers.get("Content-Length") or "0"
        if length.isdigit() and int(length) > settings.MAX_UPLOAD_BYTES:
            raise UploadTooLarge(f"The body is larger than {settings.MAX_UPLOAD_BYTES} bytes.")
        super().initial(request, *args, **kwargs)

    @operation(
        "assets_create",
        "Reference pictures",
        "Send a reference picture",
        "As the field `file` of `multipart/form-data`, or as the body itself. What is kept is drawn anew: "
        "upright, on white, the longest side at most 2048 pixels, without EXIF. Its `id` goes into "
        "`references` of `POST /generations`, as often as you like.",
        request={"multipart/form-data": UploadInput, "image/*": OpenApiTypes.BINARY},
        parameters=[LOCATION],
        answers={201: answer(shapes.Asset, examples.ASSET, "It is there.")},
        problems=(400, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        with validated(UploadInput, request.data)["file"] as file:
            asset = reference_create(owner=caller(request), file=cast(BinaryIO, file))
        return Response(asset_output(asset), status=201, headers={"Location": asset_address(asset)})

    @operation(
        "assets_list",
        "Reference pictures",
        "List your reference pictures",
        f"The newest {MOST_ASSETS}.",
        answers={200: answer(shapes.AssetList, {"results": [examples.ASSET]})},
    )
    def get(self, request: Request) -> Response:
        newest = references_of(caller(request))[:MOST_ASSETS]
        return Response({"results": [asset_output(asset) for asset in newest]})


class AssetView(ApiView):
    """`/assets/{id}`."""

    @operation(
        "assets_get",
        "Reference pictures",
        "Look at one",
        "What is known of it; `links.content` has the bytes.",
        answers={200: answer(shapes.Asset, examples.ASSET)},
        problems=(404,),
    )
    def get(self, request: Request, asset_id: UUID) -> Response:
        return Response(asset_output(own_asset(request, asset_id)))

    @operation(
        "assets_delete",
        "Reference pictures",
        "Delete one",
        "Not while an unfinished generation uses it. What was made from it stays, but no clip can be made "
        "from it any more.",
        answers={204: OpenApiResponse(description="Deleted.")},
        problems=(404, 409),
    )
    def delete(self, request: Request, asset_id: UUID) -> Response:
        reference_delete(asset=own_asset(request, asset_id))
        return Response(status=204)


class AssetContentView(ApiView):
    """`/assets/{id}/content`."""

    @operation(
        "assets_content_get",
        "Reference pictures",
        "The picture",
        "As it was kept: a JPEG.",
        parameters=[RANGE],
        answers={
            (200, "image/jpeg"): OpenApiResponse(OpenApiTypes.BINARY, description="The bytes."),
            (206, "image/jpeg"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The part that was asked for."
            ),
            302: OpenApiResponse(description="To a signed address that gives them for a while."),
            304: OpenApiResponse(description="You have them: `If-None-Match` is their `ETag`."),
        },
        problems=(404, 416),
    )
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        asset = own_asset(request, asset_id)
        return asset_response(request._request, asset, filename=f"{asset.pk}.jpg")


def own_asset(request: Request, asset_id: UUID) -> Asset:
    """The caller's own picture. Somebody else's is not found, as if it did not exist."""
    asset = references_of(caller(request)).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound(f"You have no reference picture {asset_id}.")
    return asset
