"""The static files: whole, since they are small, and a stream of blocks would only be read whole by Django."""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]
from whitenoise.responders import StaticFile  # type: ignore[import-untyped]


class Files(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Middleware that answers for ``/static/``."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Return a file, or why there is nothing to send."""
        found = static_file.get_response(request.method or "GET", request.META)
        if found.file is None:
            content = b""
        else:
            with found.file:
                content = found.file.read()
        answer = HttpResponse(content, status=int(found.status))
        del answer["Content-Type"]
        for name, value in found.headers:
            answer[name] = value
        return answer
