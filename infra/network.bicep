@export()
@sealed()
@description('A network and zones that somebody else keeps: all three ids, or none.')
type GivenNetwork = {
  @description('Resource id of the subnet that the app sends its calls through.')
  integrationSubnetId: string?

  @description('Resource id of the subnet that the private endpoints are put into.')
  endpointSubnetId: string?

  @description('Resource id of the group with the private DNS zones of blobs, tables and queues.')
  zonesGroupId: string?
}

@description('Region of the network.')
param location string

@description('Tags of all resources of the network.')
param tags { *: string }

@description('End of the names.')
param nameSuffix string

@description('Name of the storage account that gets private endpoints.')
param storageName string

@description('The network of somebody else that is used in place of one of its own.')
param given GivenNetwork

var services = ['blob', 'table', 'queue']
var givenIds = filter(map(items(given), member => member.?value ?? ''), id => !empty(id))
var isOwn = empty(givenIds)
  ? true
  : length(givenIds) == 3 ? false : fail('Of a given network, all three ids are needed.')
var zonesGroup = split(isOwn ? resourceGroup().id : given.zonesGroupId!, '/')

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

// The app takes at most 40 addresses, however many instances it has. Its subnet's name must not hold an underscore. The way
// out stays open: the vault, telemetry and the keys of bearer tokens have no private endpoint.
resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = if (isOwn) {
  name: 'vnet-rankloop-${nameSuffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/24'] }
    subnets: [
      {
        name: 'functions'
        properties: {
          addressPrefix: '10.0.0.0/26'
          defaultOutboundAccess: true
          delegations: [
            {
              name: 'functions'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: { addressPrefix: '10.0.0.64/27' }
      }
    ]
  }
}

resource integrationSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-01-01' existing = {
  parent: network
  name: 'functions'
}

resource endpointSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-01-01' existing = {
  parent: network
  name: 'endpoints'
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: if (isOwn) {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource givenZones 'Microsoft.Network/privateDnsZones@2024-06-01' existing = [
  for service in services: {
    scope: resourceGroup(zonesGroup[2], zonesGroup[4])
    name: 'privatelink.${service}.${environment().suffixes.storage}'
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, i) in services: if (isOwn) {
    parent: zones[i]
    name: 'rankloop-${service}'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-01-01' = [
  for service in services: {
    name: 'pe-rankloop-${service}-${nameSuffix}'
    location: location
    tags: tags
    properties: {
      subnet: { id: isOwn ? endpointSubnet.id : given.endpointSubnetId! }
      privateLinkServiceConnections: [
        {
          name: service
          properties: {
            privateLinkServiceId: storage.id
            groupIds: [service]
          }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = [
  for (service, i) in services: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service
          properties: { privateDnsZoneId: isOwn ? zones[i].id : givenZones[i].id }
        }
      ]
    }
  }
]

@description('Resource id of the subnet that the app sends its calls through.')
output integrationSubnetId string = isOwn ? integrationSubnet.id : given.integrationSubnetId!
