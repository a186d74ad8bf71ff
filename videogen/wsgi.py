"""REST, admin and pages: served by granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
by_django = get_wsgi_application()  # First: it loads the apps that services import.

from analysis.services import engine_prepare  # noqa: E402
from generations.api.quick_poll import QuickPoll  # noqa: E402

application = QuickPoll(by_django)
engine_prepare()  # Else the first request that is moderated waits for it.
