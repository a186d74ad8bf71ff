"""The service with asynchronous endpoints and asyncpg. Only RQ, which is synchronous, needs a thread."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from loadtests.peers.fastapi_service import statements
from loadtests.peers.fastapi_service.configuration import ENGINE_OPTIONS, PUBLIC_URL, database_url
from loadtests.peers.fastapi_service.schemas import GenerationIn, GenerationOut
from loadtests.peers.fastapi_service.submission import Caller, enqueue, fingerprint_of, submission_of
from loadtests.peers.fastapi_service.tables import IdempotencyKey

engine = create_async_engine(database_url("asyncpg"), **ENGINE_OPTIONS)
#: One SELECT is a transaction already: this saves BEGIN and ROLLBACK.
reading_engine = engine.execution_options(isolation_level="AUTOCOMMIT")
app = FastAPI(title="Videogen, as a FastAPI service")
bearer = HTTPBearer(auto_error=False)


async def reading() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(reading_engine) as session:
        yield session


ReadingSession = Annotated[AsyncSession, Depends(reading)]


async def caller_of(
    session: ReadingSession, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    key = given and (await session.execute(*statements.usable_key(given.credentials))).first()
    if not key:
        raise HTTPException(401, "This API key is unknown, expired or revoked.")
    return Caller(key.id, key.user_id, key.scopes)


def needs(scope: str) -> Any:
    async def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if scope not in caller.scopes:
            raise HTTPException(403, f"This API key lacks the scope {scope}.")
        return caller

    return Depends(check)


@app.get("/api/v1/generations/{generation_id}")
async def generation_get(
    generation_id: UUID, caller: Annotated[Caller, needs("read")], session: ReadingSession
) -> GenerationOut:
    row = (await session.execute(*statements.generation_by_id(generation_id, caller.user_id))).first()
    if row is None:
        raise HTTPException(404, f"You have no generation {generation_id}.")
    return GenerationOut.of(row)


@app.post("/api/v1/generations", status_code=202, response_model=GenerationOut)
async def generation_create(
    asked: GenerationIn,
    response: Response,
    caller: Annotated[Caller, needs("write")],
    idempotency_key: Annotated[str, Header(max_length=255)] = "",
) -> Any:
    fingerprint = fingerprint_of(asked)
    async with AsyncSession(engine) as session:
        if earlier := await _earlier(session, caller, idempotency_key, fingerprint):
            return earlier
        backlog = float((await session.execute(statements.BACKLOG)).scalar_one())
        submission = submission_of(asked, caller, backlog)
        generation_id, run_ids = submission.generation.id, [str(run.id) for run in submission.runs]
        session.add_all(submission.rows)
        await session.flush()
        row = (await session.execute(*statements.generation_by_id(generation_id, caller.user_id))).one()
        answer = GenerationOut.of(row)
        if idempotency_key:
            key = IdempotencyKey(
                owner_id=caller.user_id,
                key=idempotency_key,
                fingerprint=fingerprint,
                generation_id=generation_id,
                body=answer.model_dump(mode="json"),
            )
            session.add(key)
        try:
            await session.commit()
        except IntegrityError as error:
            raise HTTPException(409, "A request with this Idempotency-Key is running.") from error
    await run_in_threadpool(enqueue, run_ids)
    response.headers["Location"] = f"{PUBLIC_URL}/api/v1/generations/{generation_id}"
    return answer


async def _earlier(session: AsyncSession, caller: Caller, key: str, fingerprint: str) -> JSONResponse | None:
    row = key and (await session.execute(*statements.earlier_answer(caller.user_id, key))).first()
    if not row:
        return None
    if row.fingerprint != fingerprint:
        raise HTTPException(422, "This Idempotency-Key was used with another body; take a new key.")
    return JSONResponse(row.body, status_code=202, headers={"Idempotency-Replayed": "true"})
