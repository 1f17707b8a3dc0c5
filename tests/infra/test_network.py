"""Private networking: what the app needs is reachable, and through the private network."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any, Final

import pytest

from tests.infra.bicep import NAMES
from tests.infra.snapshots import EVERYTHING, GIVEN, SITE, STORAGE, Resource, deployment
from tests.infra.test_roles import services_used

_PRIVATE: Final = deployment(EVERYTHING)
_ENDPOINTS: Final = _PRIVATE.of("Microsoft.Network/privateEndpoints")
_RECORDS: Final = _PRIVATE.of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
_ZONES: Final = _PRIVATE.of("Microsoft.Network/privateDnsZones")
_LINKS: Final = _PRIVATE.of("Microsoft.Network/privateDnsZones/virtualNetworkLinks")


def _network() -> Resource:
    return _PRIVATE.only("Microsoft.Network/virtualNetworks")


def _connection(endpoint: Resource) -> Mapping[str, Any]:
    (connection,) = endpoint.get("properties.privateLinkServiceConnections")
    properties: Mapping[str, Any] = connection["properties"]
    return properties


def _service(endpoint: Resource) -> str:
    (service,) = _connection(endpoint)["groupIds"]
    return str(service)


def _zone_name(service: str) -> str:
    """Such as privatelink.blob.core.windows.net, with the cloud's own end."""
    return f"format('privatelink.{{0}}.{{1}}', '{service}', environment().suffixes.storage)"


# What belongs to what


def test_each_storage_service_that_is_used_has_its_endpoint() -> None:
    """The account answers nothing else; and it is `blob`, not `blobs`: the platform refuses what it does not know."""
    assert services_used() <= {_service(endpoint) for endpoint in _ENDPOINTS}


@pytest.mark.parametrize("endpoint", _ENDPOINTS, ids=_service)
def test_each_endpoint_is_one_of_the_storage_account(endpoint: Resource) -> None:
    """Else it would lead to the data of someone else, or of nobody."""
    assert _connection(endpoint)["privateLinkServiceId"] == _PRIVATE.only(STORAGE).id


@pytest.mark.parametrize("endpoint", _ENDPOINTS, ids=_service)
def test_each_endpoint_is_in_the_zone_of_its_service(endpoint: Resource) -> None:
    """Else the app would go on to ask for the public address; and of two in one zone, each would hide the other."""
    (record,) = [record for record in _RECORDS if record.id.startswith(f"{endpoint.id}/")]
    (configuration,) = record.get("properties.privateDnsZoneConfigs")
    (zone,) = [zone for zone in _ZONES if zone.name == _zone_name(_service(endpoint))]

    assert configuration["properties"]["privateDnsZoneId"] == zone.get("id")


def test_each_zone_and_each_record_is_that_of_an_endpoint() -> None:
    """A zone that nothing registers in would lead nowhere."""
    assert len(_ENDPOINTS) == len(_ZONES) == len(_RECORDS) == len(_LINKS)


def test_each_zone_is_looked_up_in_the_network() -> None:
    """Each in its own link; a name that anything else registers there would hide the endpoint's."""
    linked = {re.sub(r"format\('\{0}/\{1}', (.*), '[\w-]+'\)", r"\1", link.name) for link in _LINKS}

    assert linked == {zone.name for zone in _ZONES}
    assert [link.get("properties.virtualNetwork.id") for link in _LINKS] == [_network().id] * len(_ZONES)
    assert [link.get("properties.registrationEnabled") for link in _LINKS] == [False] * len(_ZONES)


# Subnets


def _subnets() -> Mapping[str, Mapping[str, Any]]:
    """The properties of the subnets, by their ids."""
    subnets = _network().get("properties.subnets")
    return {f"{_network().id}/subnets/{subnet['name']}": subnet["properties"] for subnet in subnets}


def _of_the_app() -> str:
    return str(_PRIVATE.only(SITE).get("properties.virtualNetworkSubnetId"))


def _of_the_endpoints() -> str:
    (subnet,) = {endpoint.get("properties.subnet.id") for endpoint in _ENDPOINTS}
    return str(subnet)


def _addresses(subnet: str) -> IPv4Network:
    return IPv4Network(_subnets()[subnet]["addressPrefix"])


def test_the_app_and_the_endpoints_have_their_own_subnets() -> None:
    """The app's is the platform's, and Flex Consumption takes no other; an endpoint cannot be in it."""
    app, endpoints = _of_the_app(), _of_the_endpoints()
    (delegation,) = _subnets()[app]["delegations"]

    assert {app, endpoints} == _subnets().keys()
    assert delegation["properties"] == {"serviceName": "Microsoft.App/environments"}
    assert "delegations" not in _subnets()[endpoints]
    assert _subnets()[app]["defaultOutboundAccess"] is True, "the vault and telemetry have no endpoint in the network"
    assert "_" not in app.rpartition("/")[2]


def test_the_subnets_lie_in_the_network_and_not_in_each_other() -> None:
    """Or the platform refuses the network."""
    (space,) = [IPv4Network(prefix) for prefix in _network().get("properties.addressSpace.addressPrefixes")]
    subnets = [_addresses(subnet) for subnet in _subnets()]

    assert len(subnets) == 2
    assert space.is_private
    assert all(subnet.subnet_of(space) for subnet in subnets)
    assert not any(first.overlaps(second) for first, second in combinations(subnets, 2))


def test_the_subnets_are_large_enough() -> None:
    """For the 40 addresses of an app, or three endpoints, and the five that the platform keeps for itself."""
    assert _addresses(_of_the_app()).num_addresses - 5 >= 40
    assert _addresses(_of_the_endpoints()).num_addresses - 5 >= len(_ENDPOINTS)


# Switched on


def _doors(name: str) -> tuple[str, Mapping[str, Any]]:
    """Whether storage answers the internet, and its firewall."""
    account = deployment(name).only(STORAGE)
    return account.get("properties.publicNetworkAccess"), account.get("properties.networkAcls")


def test_storage_is_shut_when_the_network_is_private() -> None:
    """The endpoints are the one door."""
    assert _doors(GIVEN) == ("Disabled", {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": []})


def test_storage_is_open_beside_the_network_for_the_addresses_that_somebody_names_alone() -> None:
    """Spaces between them are none of theirs: the platform refuses such an address."""
    rules = [{"value": value, "action": "Allow"} for value in ("203.0.113.7", "198.51.100.0/24")]

    assert _doors(EVERYTHING) == ("Enabled", {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": rules})


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (EVERYTHING, GIVEN)])
def test_storage_is_open_when_there_is_no_network(name: str) -> None:
    """And then the app is in none."""
    networks = [each.type for each in deployment(name).resources if each.type.startswith("Microsoft.Network/")]

    assert _doors(name) == ("Enabled", {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []})
    assert networks == []
    assert deployment(name).only(SITE).get("properties.virtualNetworkSubnetId") is None


# In the network of somebody else

_HUB: Final = "/subscriptions/00000000-0000-0000-0000-00000000000c/resourceGroups"
_HUB_SUBNETS: Final = f"{_HUB}/rg-hub/providers/Microsoft.Network/virtualNetworks/vnet-hub/subnets"


def test_in_a_given_network_only_endpoints_and_their_records_are_made() -> None:
    """Network, zones and links are somebody else's, and a second zone of a name would hide the first."""
    made = {each.type for each in deployment(GIVEN).resources if each.type.startswith("Microsoft.Network/")}

    assert made == {"Microsoft.Network/privateEndpoints", "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"}


def test_app_and_endpoints_are_in_the_subnets_that_are_given() -> None:
    """Each in its own: the platform takes neither in the other's."""
    endpoints = deployment(GIVEN).of("Microsoft.Network/privateEndpoints")

    assert deployment(GIVEN).only(SITE).get("properties.virtualNetworkSubnetId") == f"{_HUB_SUBNETS}/of-apps"
    assert {each.get("properties.subnet.id") for each in endpoints} == {f"{_HUB_SUBNETS}/of-endpoints"}
    assert services_used() <= {_service(endpoint) for endpoint in endpoints}


def test_each_endpoint_is_in_the_given_zone_of_its_service() -> None:
    """As it is with zones of its own."""
    records = deployment(GIVEN).of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    configurations = [each for record in records for each in record.get("properties.privateDnsZoneConfigs")]
    zones = {each["name"]: each["properties"]["privateDnsZoneId"] for each in configurations}
    kind = "'Microsoft.Network/privateDnsZones'"

    assert zones == {
        service: f"extensionResourceId('{_HUB}/rg-zones', {kind}, {_zone_name(service)})"
        for service in ("blob", "table", "queue")
    }
