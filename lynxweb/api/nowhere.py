"""Addresses under /api/v1/ that lead nowhere: a problem document like every other error of the API."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView


@extend_schema(exclude=True)
class Nowhere(APIView):
    """Whatever no other address matches."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """404 for every method, once it is known who asks: nobody is asked to sign in first."""
        super().initial(request, *args, **kwargs)
        raise Http404
