"""Shop: a marketplace that exists in tests only, as a package of its own would bring it."""

from integrations import Access, Marketplace


def connect(access: Access) -> Marketplace:
    """The connector for one account; NotAuthorised when credentials are incomplete."""
    from packshot_shop.marketplace import Shop

    return Shop(access)
