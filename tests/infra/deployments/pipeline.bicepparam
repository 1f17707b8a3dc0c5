using '../../../infra/main.bicep'

// A pipeline deploys, over the zones of the region, into a resource group that was named for it; log lives for a day.
param environmentName = 'shop'
param location = 'westeurope'
param resourceGroupName = 'group-of-the-pipeline'
param principalId = '00000000-0000-0000-0000-00000000000e'
param principalType = 'ServicePrincipal'
param zoneRedundant = true
param logLifecycleDays = 1
