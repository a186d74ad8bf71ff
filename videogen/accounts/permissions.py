"""A key does what its scopes say; a person in a session does what the site lets them."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from videogen.accounts.models import ApiKey, Scope


class HasScope(BasePermission):
    """Reading needs `read`, everything else needs `write`."""

    message = "This API key lacks the scope that the call needs."

    def has_permission(self, request: Request, view: object) -> bool:
        needed = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        return not isinstance(request.auth, ApiKey) or needed in request.auth.scopes
