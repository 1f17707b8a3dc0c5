targetScope = 'subscription'

import { LoopSettings } from 'functions.bicep'
import { GivenNetwork } from 'network.bicep'
import { Region } from 'regions.bicep'

@description('Name of the azd environment. Each loop of a subscription needs its own: names of resources follow from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources, such as westeurope. It has to offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location Region

@description('Name of the resource group. If empty, it is rg- and the name of the environment.')
@maxLength(90)
param resourceGroupName string = ''

@description('Object id of who deploys, a person or a pipeline: may read and change the API keys, and write where the code is.')
param principalId string = deployer().objectId

@description('What the one who deploys is. A pipeline is a ServicePrincipal.')
param principalType 'User' | 'Group' | 'ServicePrincipal' = 'User'

@description('Whether the one who deploys may read what storage holds: events, models, settings. Nobody may by default.')
param deployerDataAccess bool = false

@description('Whether the deleted vault of this environment is taken back with its keys. Fails if there is none.')
param recoverVault bool = false

@description('Whether storage is reached through a virtual network only. The API stays public.')
param privateNetworking bool = false

@description('The network and the zones of somebody else for private networking, in place of its own: all three ids, or none.')
param givenNetwork GivenNetwork = {}

@description('Public IPv4 addresses, ranges as 203.0.113.0/24, with commas between, for which storage is open all the same.')
param allowedAddresses string = ''

@description('Whether plan and storage span the zones of the region. Set before the first deployment: Azure refuses it later.')
param zoneRedundant bool = false

@description('Whether the storage account is locked against removal. Only an owner may make locks and take them away.')
param storageLock bool = false

@description('After how many days storage itself deletes log; more than logRetentionDays. 0 = never: the loop alone decides.')
@minValue(0)
@maxValue(36500)
param logLifecycleDays int = 0

@description('How many days the Log Analytics workspace keeps what comes in. Up to 31 days cost nothing beyond taking it in.')
@minValue(30)
@maxValue(730)
param workspaceRetentionDays int = 30

@description('How many GB the workspace takes in a day at most. What comes beyond is lost until the next day, and alerts with it.')
@minValue(1)
param workspaceDailyQuotaGB int = 1

@description('Whether the metrics of app and storage go to the workspace too, which is paid for, called or not.')
param platformMetrics bool = false

@description('Who gets a mail when the loop is in trouble. If empty, the alerts are switched off.')
param alertEmail string = ''

@description('Memory of one instance in MB. It also decides how much CPU an instance has.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('How many calls one instance takes at a time before the platform starts another one.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('How many instances are kept running for calls, so that none meets a cold start. Each costs money all the time.')
@minValue(0)
@maxValue(1000)
param alwaysReadyInstances int = 0

@description('How many instances there may be at most. This bounds what a flood of calls can cost.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('How new code takes over: Recreate, all at once, and calls fail meanwhile; RollingUpdate, a preview, by and by.')
param updateStrategy 'RollingUpdate' | 'Recreate' = 'Recreate'

@description('Python version of the app. The packages that are deployed are made for this one.')
param pythonVersion string = '3.13'

@description('When the trainer runs, in NCRONTAB: six fields, seconds first, in UTC. With the default settings of a loop, events are due a minute after each fifth minute.')
param trainSchedule string = '10 1-59/5 * * * *'

@description('Settings of the loop. One that is left out or empty has its default.')
param loopSettings LoopSettings = {}

@description('First API key. It counts only in the first deployment; later ones leave the keys in the vault as they are.')
@secure()
param apiKey1 string = newGuid()

@description('Second API key. It counts only in the first deployment; later ones leave the keys in the vault as they are.')
@secure()
param apiKey2 string = newGuid()

var nameSuffix = uniqueString(subscription().subscriptionId, toLower(environmentName), location)

// Not outputs of their modules: what-if shows only what can be named before anything is there.
var storageName = 'strankloop${nameSuffix}'
var vaultName = 'kv-rank-${nameSuffix}'
var appName = 'func-rankloop-${nameSuffix}'
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: tags
}

module identity 'identity.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
  }
}

module monitoring 'monitoring.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
    retentionDays: workspaceRetentionDays
    dailyQuotaGB: workspaceDailyQuotaGB
  }
}

module storage 'storage.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: storageName
    privateNetworking: privateNetworking
    allowedAddresses: allowedAddresses
    zoneRedundant: zoneRedundant
    locked: storageLock
    logLifecycleDays: logLifecycleDays
  }
}

module vault 'vault.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: vaultName
    recover: recoverVault
    apiKey1: apiKey1
    apiKey2: apiKey2
  }
}

module network 'network.bicep' = if (privateNetworking) {
  scope: group
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
    storageName: storageName
    given: givenNetwork
  }
  dependsOn: [storage]
}

// Apart from the other roles, and before all that can wait: when the package is uploaded, these have to have taken effect.
module storageAccess 'storageAccess.bicep' = {
  scope: group
  params: {
    // An assignment is named after whom it is for: with a name that stays, an identity that was made anew would meet
    // the assignment of the old one, which cannot be changed. That costs its line in what-if.
    #disable-next-line what-if-short-circuiting
    identityPrincipalId: identity.outputs.principalId
    #disable-next-line what-if-short-circuiting
    deploymentIdentityPrincipalId: identity.outputs.deploymentPrincipalId
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
    deployerDataAccess: deployerDataAccess
    storageName: storageName
  }
  dependsOn: [storage]
}

module access 'access.bicep' = {
  scope: group
  params: {
    #disable-next-line what-if-short-circuiting
    identityPrincipalId: identity.outputs.principalId
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
    vaultName: vaultName
    #disable-next-line what-if-short-circuiting
    applicationInsightsName: monitoring.outputs.applicationInsightsName
  }
  dependsOn: [vault]
}

module functions 'functions.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: appName
    nameSuffix: nameSuffix
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    deploymentIdentityId: identity.outputs.deploymentId
    blobEndpoint: storage.outputs.blobEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    deploymentContainer: storage.outputs.deploymentContainer
    vaultName: vaultName
    applicationInsightsConnectionString: monitoring.outputs.applicationInsightsConnectionString
    integrationSubnetId: privateNetworking ? network!.outputs.integrationSubnetId : null
    zoneRedundant: zoneRedundant
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    httpConcurrency: httpConcurrency
    alwaysReadyInstances: alwaysReadyInstances
    maximumInstances: maximumInstances
    updateStrategy: updateStrategy
    trainSchedule: trainSchedule
    loopSettings: loopSettings
  }
  // The platform looks for the package and reads the keys as soon as the app is there, so the roles come first.
  dependsOn: [storageAccess, access]
}

module diagnostics 'diagnostics.bicep' = {
  scope: group
  params: {
    names: {
      storage: storageName
      vault: vaultName
      app: appName
    }
    workspaceId: monitoring.outputs.workspaceId
    platformMetrics: platformMetrics
  }
  dependsOn: [storage, vault, functions]
}

// Without an address they are there too, but switched off: rules that a later deployment merely left out would go on.
module alerts 'alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
  }
}

// azd writes each output into the environment, and takes it out again with `azd down`. So none may be named like a variable
// that a parameter comes from: it would change what the next deployment is given.
@description('Id of the tenant that the identity and the vault belong to.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the vault with the API keys.')
output AZURE_KEY_VAULT_NAME string = vaultName

@description('Name of the Function App.')
output RANKLOOP_FUNCTION_APP string = appName

@description('Address of the API, without a slash at its end.')
output RANKLOOP_ENDPOINT string = functions.outputs.endpoint

@description('The same name, as azd templates call it.')
output SERVICE_LOOP_NAME string = appName

@description('The same address: azd shows it after a deployment in place of one with a slash at its end.')
output SERVICE_LOOP_ENDPOINTS string[] = [functions.outputs.endpoint]

@description('Name of the storage account.')
output RANKLOOP_STORAGE_ACCOUNT string = storageName

@description('Address of the container that the platform keeps the deployed package in.')
output RANKLOOP_DEPLOYMENT_CONTAINER string = storage.outputs.deploymentContainer

@description('Where azd finds the first API key, for hooks that need it.')
output RANKLOOP_KEY_REFERENCE string = 'akvs://${subscription().subscriptionId}/${vaultName}/api-key-1'

@description('The command that shows the first API key.')
output RANKLOOP_SHOW_KEYS string = 'az keyvault secret show --vault-name ${vaultName} --name api-key-1 --query value --output tsv'
