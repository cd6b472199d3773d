"""What the retail desk may look at."""

from typing import Annotated

from bench.tau2.desks.retail.records import Call, Order, Product, Stock, User
from remit import Email, Source
from remit.authoring.connector import ConnectorHandle

shop = ConnectorHandle("shop")
agent = ConnectorHandle("agent")


async def next_call(turn: int) -> Call:
    """What the agent asks for in this turn."""
    return Call.model_validate(await agent.read("next_call", turn=turn))


async def find_user_id_by_email(email: Email) -> str:
    return str(await shop.read("find_user_id_by_email", email=email))


async def find_user_id_by_name_zip(first_name: str, last_name: str, zip: str) -> str:
    return str(
        await shop.read(
            "find_user_id_by_name_zip", first_name=first_name, last_name=last_name, zip=zip
        )
    )


async def get_user_details(user_id: Annotated[str, Source.case("customer")]) -> User:
    found = await shop.read("get_user_details", user_id=user_id)
    return User.model_validate(
        {**found, "payment_methods": list(found["payment_methods"].values())}
    )


async def get_order_details(
    order_id: Annotated[str, Source.tool("get_user_details", "orders.*")],
) -> Order:
    return Order.model_validate(await shop.read("get_order_details", order_id=order_id))


async def get_product_details(product_id: str) -> Product:
    found = await shop.read("get_product_details", product_id=product_id)
    return Product.model_validate({**found, "variants": list(found["variants"].values())})


async def get_item_details(item_id: str) -> Stock:
    return Stock.model_validate(await shop.read("get_item_details", item_id=item_id))


async def calculate(expression: str) -> str:
    return str(await shop.read("calculate", expression=expression))


async def transfer_to_human_agents(summary: str) -> str:
    return str(await shop.read("transfer_to_human_agents", summary=summary))


TOOLS = (
    (next_call, None),
    (find_user_id_by_email, None),
    (find_user_id_by_name_zip, None),
    (get_user_details, "user_id"),
    (get_order_details, "order_id"),
    (get_product_details, "product_id"),
    (get_item_details, "item_id"),
    (calculate, None),
    (transfer_to_human_agents, None),
)
