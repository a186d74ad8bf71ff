"""What operators see of the text tasks: each call, and what they cost together."""

from analysis.admin.text_call import TextCallAdmin as TextCallAdmin
