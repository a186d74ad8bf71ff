"""The operator's pages: facts are read-only, what can be done are verbs that call the services."""

from django.contrib import admin

from generations.admin.generation import GenerationAdmin as GenerationAdmin
from generations.admin.provider_call import ProviderCallAdmin as ProviderCallAdmin
from generations.admin.stage_run import StageRunAdmin as StageRunAdmin

admin.site.site_header = admin.site.site_title = "Videogen"
admin.site.index_title = "Operations"
admin.site.enable_nav_sidebar = False  # A handful of models; the wide lists need the room.
