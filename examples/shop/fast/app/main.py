"""The application: `uvicorn --app-dir examples shop.fast.app.main:app`."""

from fastapi import FastAPI, Request, status
from fastapi.responses import JSONResponse

from ..core.errors import PaymentDeclinedError, ProviderError
from ..routers import orders, products, reports, storefront, users
from .lifespan import lifespan
from .middleware import TimingMiddleware

app = FastAPI(title="Shop", lifespan=lifespan)
app.add_middleware(TimingMiddleware)

for module in (products, users, orders, reports, storefront):
    app.include_router(module.router)


@app.exception_handler(ProviderError)
async def answer_provider_error(request: Request, error: ProviderError) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status.HTTP_503_SERVICE_UNAVAILABLE)


@app.exception_handler(PaymentDeclinedError)
async def answer_declined_payment(request: Request, error: PaymentDeclinedError) -> JSONResponse:
    return JSONResponse({"detail": "the payment was declined"}, status.HTTP_402_PAYMENT_REQUIRED)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
