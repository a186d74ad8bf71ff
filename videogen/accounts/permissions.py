"""A key does what its scopes say; a person in a session does what the site lets them."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from videogen.accounts.models import ApiKey, Scope


class HasScope(BasePermission):
    """Reading needs `read`, everything else needs `write`, unless the view names its `needed_scope`."""

    message = "This API key lacks the scope that the call needs."

    def has_permission(self, request: Request, view: object) -> bool:
        usual = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        needed = getattr(view, "needed_scope", usual)
        return not isinstance(request.auth, ApiKey) or needed in request.auth.scopes
