@description('Region of the network.')
param location string

@description('Tags of all resources of the network.')
param tags { *: string }

@description('End of the names.')
param nameSuffix string

@description('Name of the storage account that gets private endpoints.')
param storageName string

var services = ['blob', 'table', 'queue']

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

// The app takes at most 40 addresses, however many instances it has. Its subnet's name must not hold an underscore. The way
// out stays open: the vault, telemetry and the keys of bearer tokens have no private endpoint.
resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
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
  for service in services: {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, i) in services: {
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
      subnet: { id: endpointSubnet.id }
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
          properties: { privateDnsZoneId: zones[i].id }
        }
      ]
    }
  }
]

@description('Resource id of the subnet that the app sends its calls through.')
output integrationSubnetId string = integrationSubnet.id
