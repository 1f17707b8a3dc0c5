"""Two small Bicep files that are good, for the checks to find faults in that are put there."""

from pathlib import Path

from tests.infra.bicep.template import Template, read

MAIN = """\
targetScope = 'subscription'

@description('Where')
param location string

@description('Which')
@allowed(['Standard_LRS', 'Standard_ZRS'])
param sku string = 'Standard_LRS'

@description('A key')
@secure()
param key string = newGuid()

var tags = { 'azd-env-name': 'sample' }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'sample'
  location: location
  tags: tags
}

module store 'store.bicep' = {
  scope: group
  params: {
    location: location
    skuName: sku
    tags: union(tags, { more: 'x' })
    key: key
  }
}

output ADDRESS string = store.outputs.address
"""
STORE = """\
@description('Where')
param location string

@description('Which')
param skuName string

@description('What')
param tags object = {}

@description('A key')
@secure()
param key string

var services = ['blob', 'table']

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'sample${uniqueString(resourceGroup().id)}'
  location: location
  kind: 'StorageV2'
  tags: tags
  sku: { name: skuName }
  properties: {
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '10.0.0.1' }] }
  }
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: 'sample'
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'sample'
  properties: { value: key }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = [for service in services: {
  scope: account
  name: 'sample-${service}'
  properties: { logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}]

resource insights 'Microsoft.Insights/components@2020-02-02' = if (skuName != 'x') {
  name: 'sample'
  location: location
  kind: 'web'
  properties: { Application_Type: 'web', RetentionInDays: 30 }
}

output address string = account.properties.primaryEndpoints.blob
"""


def sample(folder: Path, good: str = "", bad: str = "") -> Template:
    """Write the two files into a folder, with one piece of them replaced, and read them."""
    assert not good or (MAIN + STORE).count(good) == 1, f"{good} must stand there once"
    for name, text in (("main.bicep", MAIN), ("store.bicep", STORE)):
        (folder / name).write_text(text.replace(good, bad) if good else text, encoding="utf-8")
    return read(folder / "main.bicep")
