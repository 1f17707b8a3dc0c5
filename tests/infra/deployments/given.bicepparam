using '../../../infra/main.bicep'

// Private networking in the network of somebody else; no address beside it reaches storage.
param environmentName = 'shop'
param location = 'westeurope'
param privateNetworking = true
param givenNetwork = {
  integrationSubnetId: '/subscriptions/00000000-0000-0000-0000-00000000000c/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/vnet-hub/subnets/of-apps'
  endpointSubnetId: '/subscriptions/00000000-0000-0000-0000-00000000000c/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/vnet-hub/subnets/of-endpoints'
  zonesGroupId: '/subscriptions/00000000-0000-0000-0000-00000000000c/resourceGroups/rg-zones'
}
