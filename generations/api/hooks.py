"""Where providers tell that something happened to a job. It only makes us look; nothing they say is believed.

The address of a call holds its token. Whoever knows it can say nothing without the provider's signature.
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from generations.providers.registry import hosted_provider, provider_names
from generations.services.call_decisions import CallConflict, call_heard


@method_decorator(csrf_exempt, name="dispatch")
class HookView(View):
    """`POST /hooks/{provider}/{token}`: 204, also for repeats; 401 for what the provider did not sign."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, provider: str, token: UUID) -> HttpResponse:
        hosted = hosted_provider(provider) if provider in provider_names() else None
        if hosted is None:
            return HttpResponse(status=404)
        news = hosted.parse_webhook(request.headers, request.body)
        try:
            is_known = call_heard(provider=provider, token=token, job_id=news.job_id)
        except CallConflict:
            is_known = True  # It has ended, and this is a repeat.
        return HttpResponse(status=204 if is_known else 404)
