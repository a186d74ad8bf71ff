"""The rows of keys, and of what is spent through them."""

from videogen.accounts.models.api_key import ApiKey as ApiKey
from videogen.accounts.models.api_key import Scope as Scope
from videogen.accounts.models.api_key import all_scopes as all_scopes
from videogen.accounts.models.budget import SMALLEST_USD as SMALLEST_USD
from videogen.accounts.models.budget import Budget as Budget
from videogen.accounts.models.budget import BudgetScope as BudgetScope
