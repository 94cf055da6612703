"""Every error of the REST face in one form, the one that OpenAI clients read."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from chatbot.errors import ChatbotError
from retrieval.errors import RetrievalError


class Detail(BaseModel):
    """What went wrong: a sentence for people, `type` and `code` for programs."""

    message: str
    type: str
    param: str | None = None
    code: str


class Problem(BaseModel):
    """The body of every response that is not a success."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "message": "There is no conversation '42'; begin a new one.",
                        "type": "invalid_request_error",
                        "param": None,
                        "code": "unknown_conversation",
                    }
                }
            ]
        }
    )

    error: Detail


def problem(message: str, code: str, param: str | None = None, status: int = 400) -> Problem:
    """OpenAI's error form; the type follows from the HTTP status."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return Problem(error=Detail(message=message, type=kind, param=param, code=code))


def response(message: str, code: str, status: int, param: str | None = None) -> JSONResponse:
    """The same as a response."""
    return JSONResponse(problem(message, code, param, status).model_dump(), status)


def install(app: FastAPI) -> None:
    """Turn the errors of the packages, of validation and of routing into responses of this form."""

    @app.exception_handler(ChatbotError)
    async def chatbot_error(request: Request, error: ChatbotError) -> JSONResponse:
        return response(str(error), error.code, error.status)

    @app.exception_handler(RetrievalError)
    async def retrieval_error(request: Request, error: RetrievalError) -> JSONResponse:
        return response(str(error), "index_unavailable", 503)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:] if part != "body")
        return response(f"{where or 'The body'}: {first['msg']}.", "invalid_request", 422, where or None)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        return response(f"{error.detail}; see /docs for what there is.", "http_error", error.status_code)


RESPONSES: dict[int | str, dict[str, object]] = {
    400: {"model": Problem, "description": "The message cannot be taken"},
    404: {"model": Problem, "description": "No such conversation, turn or model"},
    413: {"model": Problem, "description": "The message or the request is too long"},
    503: {"model": Problem, "description": "The language model cannot answer now"},
}


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The documented errors of a route."""
    return {status: RESPONSES[status] for status in statuses}
