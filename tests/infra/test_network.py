"""Private networking: what the app needs is reachable, and through the private network."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest

from tests.infra.bicep.expressions import (
    Array,
    Choice,
    Each,
    Expression,
    Index,
    Literal,
    Member,
    Name,
    Object,
    Text,
)
from tests.infra.bicep.template import Resource, Value
from tests.infra.project import template
from tests.infra.test_roles import services_used


def test_each_storage_service_that_is_used_has_its_endpoint() -> None:
    """The account answers nothing else."""
    assert services_used() <= _loop("Microsoft.Network/privateEndpoints")


def test_each_endpoint_has_its_name_in_the_network() -> None:
    """Else the app would go on to ask for the public address."""
    endpoints = _loop("Microsoft.Network/privateEndpoints")

    assert endpoints == _loop("Microsoft.Network/privateDnsZones")
    assert endpoints == _loop("Microsoft.Network/privateDnsZones/virtualNetworkLinks")
    assert endpoints == _loop("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")


def _loop(kind: str) -> set[str]:
    """What the one loop over a resource type goes through."""
    only = template().only(kind)
    assert isinstance(only.declaration.value, Each)
    over = template().origin(Value(only.file, only.declaration.value.over)).expression
    assert isinstance(over, Array)
    return {item.plain or "" for item in over.items if isinstance(item, Text)}


def test_a_zone_is_named_as_the_platform_asks_for_it() -> None:
    """Such as privatelink.blob.core.windows.net, with the cloud's own end."""
    zone = template().only("Microsoft.Network/privateDnsZones")
    name = zone.body.get("name")
    assert isinstance(name, Text)
    first, service, dot, end = name.parts

    assert (first, service, dot) == ("privatelink.", Name("service"), ".")
    assert template().render(Value(zone.file, Text((end,)))) == "{network.environment().suffixes.storage}"


# What belongs to what


def test_each_endpoint_is_one_of_the_storage_account() -> None:
    """For the service that the loop is at: `blob`, not `blobs`; the platform refuses what it does not know."""
    (connection,) = _items(_body("Microsoft.Network/privateEndpoints"), "properties", "privateLinkServiceConnections")
    account = _find_resource(connection.get("properties", "privateLinkServiceId"))
    services = connection.get("properties", "groupIds")

    assert account.declaration.existing
    assert template().render(account.get("name")) == template().render(template().only(_ACCOUNT).get("name"))
    assert services == Array((_round("Microsoft.Network/privateEndpoints"),))


def test_each_zone_is_looked_up_in_the_network() -> None:
    """Each in its own link; a name that anything else registers there would hide the endpoint's."""
    link = _body("Microsoft.Network/privateDnsZones/virtualNetworkLinks")

    assert link.get("parent") == _nth("Microsoft.Network/privateDnsZones", link)
    assert _find_resource(link.get("properties", "virtualNetwork", "id")).type == _NETWORK
    assert link.get("properties", "registrationEnabled") == Literal(value=False)


def test_each_endpoint_is_in_the_zone_of_its_service() -> None:
    """Two in one zone: one name of the account would lead to the other's address."""
    group = _body("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    (configuration,) = _items(group, "properties", "privateDnsZoneConfigs")

    assert group.get("parent") == _nth("Microsoft.Network/privateEndpoints", group)
    assert configuration.get("properties", "privateDnsZoneId") == Member(
        _nth("Microsoft.Network/privateDnsZones", group), "id"
    )


_ACCOUNT, _NETWORK = "Microsoft.Storage/storageAccounts", "Microsoft.Network/virtualNetworks"
_LOOPS = {
    resource.type: resource.declaration.value
    for resource in template().resources()
    if resource.type.startswith("Microsoft.Network/") and isinstance(resource.declaration.value, Each)
}


@pytest.mark.parametrize("kind", _LOOPS)
def test_all_loops_go_through_the_same_list(kind: str) -> None:
    """So that the first zone is that of the first endpoint."""
    assert len(_LOOPS) == 4
    assert _LOOPS[kind].over == _LOOPS["Microsoft.Network/privateDnsZones"].over
    assert isinstance(_LOOPS[kind].over, Name)


def _body(kind: str) -> Object:
    return template().only(kind).body


def _items(of: Object, *path: str) -> list[Object]:
    array = of.get(*path)
    assert isinstance(array, Array)
    return [item for item in array.items if isinstance(item, Object)]


def _round(kind: str) -> Name:
    """What the loop over a resource type is at."""
    return Name(_LOOPS[kind].names[0])


def _nth(kind: str, body: Object) -> Index:
    """The resource of a type that a loop makes in the same round as another one has this body."""
    (loop,) = [loop for loop in _LOOPS.values() if loop.body is body]
    return Index(Name(template().only(kind).declaration.name), Name(loop.names[1]))


def _find_resource(expression: Expression | None) -> Resource:
    """The resource whose id is read."""
    assert isinstance(expression, Member)
    assert expression.name == "id"
    file = template().only(_NETWORK).file
    resources = [*template().resources(), *template().resources(existing=True)]
    (resource,) = [each for each in resources if each.file is file and Name(each.declaration.name) == expression.of]
    return resource


# Subnets


def test_the_app_and_the_endpoints_have_their_own_subnets() -> None:
    """The app's is the platform's, and Flex Consumption takes no other; an endpoint cannot be in it."""
    output = template().only(_NETWORK).file.get("integrationSubnetId", "output")
    assert output is not None
    app = _subnet(output.value)
    endpoints = _subnet(_body("Microsoft.Network/privateEndpoints").get("properties", "subnet", "id"))
    (delegation,) = _items(app, "properties", "delegations")

    assert delegation.get("properties", "serviceName") == Text(("Microsoft.App/environments",))
    assert endpoints.get("properties", "delegations") is None
    assert "_" not in _plain(app.get("name"))


def test_the_subnets_lie_in_the_network_and_not_in_each_other() -> None:
    """Or the platform refuses the network."""
    (space,) = [IPv4Network(_plain(prefix)) for prefix in _prefixes()]
    subnets = [_addresses(subnet) for subnet in _subnets()]

    assert len(subnets) == 2
    assert space.is_private
    assert all(subnet.subnet_of(space) for subnet in subnets)
    assert not any(first.overlaps(second) for first, second in combinations(subnets, 2))


def test_the_subnets_are_large_enough() -> None:
    """For the 40 addresses of an app, or three endpoints, and the five that the platform keeps for itself."""
    sizes = {_plain(subnet.get("name")): _addresses(subnet).num_addresses - 5 for subnet in _subnets()}

    assert sizes["functions"] >= 40
    assert sizes["endpoints"] >= len(_loop("Microsoft.Network/privateEndpoints"))


def _subnets() -> list[Object]:
    return _items(_body(_NETWORK), "properties", "subnets")


def _subnet(expression: Expression | None) -> Object:
    """The subnet whose id is read, as it is made."""
    resource = _find_resource(expression)
    assert resource.body.get("parent") == Name(template().only(_NETWORK).declaration.name)
    (subnet,) = [each for each in _subnets() if each.get("name") == resource.body.get("name")]
    return subnet


def _addresses(subnet: Object) -> IPv4Network:
    return IPv4Network(_plain(subnet.get("properties", "addressPrefix")))


def _prefixes() -> tuple[Expression, ...]:
    prefixes = _body(_NETWORK).get("properties", "addressSpace", "addressPrefixes")
    assert isinstance(prefixes, Array)
    return prefixes.items


def _plain(expression: Expression | None) -> str:
    assert isinstance(expression, Text)
    return expression.plain or ""


# Switched on


def test_storage_is_shut_exactly_when_the_network_is_private() -> None:
    """And then the app is in the network."""
    account = template().only("Microsoft.Storage/storageAccounts")
    access = account.body.get("properties", "publicNetworkAccess")
    calls = {module.declaration.target: module for module in template().modules()}
    network = calls["network.bicep"].declaration.value
    subnet = calls["functions.bicep"].given.get("integrationSubnetId")
    assert isinstance(access, Choice)
    assert isinstance(network, Choice)
    assert isinstance(subnet, Choice)

    assert (access.yes, access.no) == (Text(("Disabled",)), Text(("Enabled",)))
    assert template().render(Value(account.file, access.condition)) == "{main.privateNetworking}"
    assert network.condition == subnet.condition == Name("privateNetworking")
