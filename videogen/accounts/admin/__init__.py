"""What operators see of keys and of money: who may do what, and what it has cost."""

from videogen.accounts.admin.api_key import ApiKeyAdmin as ApiKeyAdmin
from videogen.accounts.admin.budget import BudgetAdmin as BudgetAdmin
