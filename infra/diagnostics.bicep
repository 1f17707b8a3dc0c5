@description('Names of the storage account, the vault and the Function App.')
param names { storage: string, vault: string, app: string }

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Whether the metrics of app and storage are collected, each minute, called or not.')
param platformMetrics bool

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: names.storage
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: storage
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' existing = {
  parent: storage
  name: 'default'
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: names.vault
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: names.app
}

// Deletions only: with reads and writes, every Rank would be one more line of log to pay for. A loop that nobody calls
// deletes nothing.
resource ofBlobs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'rankloop'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: platformMetrics
      }
    ]
  }
}

resource ofTables 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tables
  name: 'rankloop'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: platformMetrics
      }
    ]
  }
}

// Some lines a day: the platform reads the keys when an app starts or changes, and once a day.
resource ofVault 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'rankloop'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

// Instances, memory and execution units, which Application Insights does not have. Its log is there already, and would be
// paid for twice.
resource ofApp 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (platformMetrics) {
  scope: app
  name: 'rankloop'
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}
