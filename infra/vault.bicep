@description('Region of the vault.')
param location string

@description('Tags of the vault.')
param tags { *: string }

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Whether the deleted vault of this name is taken back.')
param recover bool

@description('First API key, if the vault has none yet.')
@secure()
param apiKey1 string

@description('Second API key, if the vault has none yet.')
@secure()
param apiKey2 string

// Public also with private networking: the platform does not resolve references to a vault that is closed to it.
resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    createMode: recover ? 'recover' : 'default'
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: 'Enabled'
  }
}

// Made once: a later deployment must not undo that a key was changed, and its parameters hold new values every time.
@onlyIfNotExists()
resource firstKey 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'api-key-1'
  properties: {
    contentType: 'API key'
    value: apiKey1
  }
}

@onlyIfNotExists()
resource secondKey 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'api-key-2'
  properties: {
    contentType: 'API key'
    value: apiKey2
  }
}
