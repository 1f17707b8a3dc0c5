@description('Region of the storage account.')
param location string

@description('Tags of the storage account.')
param tags { *: string }

@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param name string

@description('Whether the account is reached through its private endpoints only.')
param privateNetworking bool

@description('Public IPv4 addresses and ranges, with commas between, for which the account is open beside its private endpoints.')
param allowedAddresses string

@description('Whether the account keeps its data in three zones of the region.')
param zoneRedundant bool

@description('Whether the account is locked against removal.')
param locked bool

@description('After how many days storage itself deletes log; 0 = never.')
param logLifecycleDays int

// Without a network the app has no address of its own, and a firewall would shut it out.
var addresses = empty(allowedAddresses) || privateNetworking
  ? filter(map(split(allowedAddresses, ','), text => trim(text)), text => !empty(text))
  : fail('Storage can be open for some addresses only with privateNetworking: the app has none that stays.')

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: privateNetworking ? 'Deny' : 'Allow'
      ipRules: [for address in addresses: { value: address, action: 'Allow' }]
    }
    publicNetworkAccess: privateNetworking && empty(addresses) ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
  }
}

// Blobs, rows and messages in it can be deleted as ever.
resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: account
  name: 'rankloop'
  properties: {
    level: 'CanNotDelete'
    notes: 'The models and the log of a loop. docs/deploy.md says how to take the lock away.'
  }
}

// A deleted container comes back for a week. Old states of single blobs are not kept: the trainer writes state.json up to
// once a minute, so versions would grow without bound, and what a redaction or a deletion of log took out would live on.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    deleteRetentionPolicy: { enabled: false }
    isVersioningEnabled: false
  }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

// The app makes the containers of the loop when it first needs them. They stand here too, so that a person can be given
// a role on `exports` before that.
resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in ['deployments', 'loops', 'exports']: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

// The rule is always there, but switched off for 0 days: a rule that a later deployment merely left out would go on deleting.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'delete-old-log'
          type: 'Lifecycle'
          enabled: logLifecycleDays > 0
          definition: {
            actions: {
              baseBlob: {
                delete: { daysAfterModificationGreaterThan: max(logLifecycleDays, 1) }
              }
            }
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['loops/default/logs/']
            }
          }
        }
      ]
    }
  }
  dependsOn: [blobs]
}

@description('Address of the blobs, with a slash at its end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Address of the tables, with a slash at its end.')
output tableEndpoint string = account.properties.primaryEndpoints.table

@description('Address of the queues, with a slash at its end.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Address of the container that the platform keeps the deployed package in.')
output deploymentContainer string = '${account.properties.primaryEndpoints.blob}${containers[0].name}'
